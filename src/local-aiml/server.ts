/**
 * Starts and stops the embedded AIML API: an HTTP server of its own with a store on disk. It stands in for the AIML API's
 * assistants. The process around it is that of `main.ts` or of the service.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { ConnectionTracker } from '../runtime/connection-tracker.ts';
import { Admission, DEFAULT_LIMITS, type AdmissionLimits } from './api/admission.ts';
import { createApp, type ApiLogger } from './app.ts';
import { createEngine } from './engine/engine.ts';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from './settings.ts';
import { LocalAimlStartError } from './start-error.ts';
import { codeOf } from './store/sqlite/sqlite-errors.ts';
import { openStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';

export interface LocalAimlOptions {
  /** The folder of the store; made if it is not there. Several processes may share one. */
  readonly dataDir: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** `anyone`: any well-formed key is an account of its own. `service`: only `serviceKey` is valid. */
  readonly callers?: 'anyone' | 'service';
  /** How runs are executed; by default the built-in model and the defaults of the settings. */
  readonly runs?: RunSettings;
  /** The limit of response bytes that clients have not read; 64 MiB by default. */
  readonly maxUnsentBytes?: number;
  /** How long a client may read nothing of a response, in milliseconds; 30 s by default. */
  readonly stallTimeoutMs?: number;
  /** What requests may take; those that are left out have their defaults. */
  readonly limits?: Partial<AdmissionLimits>;
  /** Gets one line for each request (info) and each failure (error); never a key, an id or a text of a request. */
  readonly logger?: ApiLogger;
}

export interface LocalAiml {
  /** Its base URL, without a path and a trailing slash. */
  readonly url: string;
  /** Identifies its store; the same for all processes that share one. */
  readonly storeId: string;
  /** The key of the service. It is derived from a secret in the store, so that all processes on the store have the same one. */
  readonly serviceKey: string;
  /**
   * Stops accepting, lets requests in flight finish (after 10 s their connections are closed) and closes the store. Further
   * calls return the same promise.
   */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 10_000;

/** Resolves once it accepts requests. Rejects with a {@link LocalAimlStartError}, whose message is one line for the operator. */
export async function createLocalAiml(options: LocalAimlOptions): Promise<LocalAiml> {
  const { host, port, dataDir, callers = 'anyone', runs = DEFAULT_RUN_SETTINGS, logger } = options;
  const { maxUnsentBytes, stallTimeoutMs, limits } = options;
  const store = await openStore(resolve(dataDir), (problem) => {
    if (problem === null) logger?.warn('The store in DATA_DIR can be written again.');
    else logger?.error(problem);
  });
  const parts = createEngine(store, runs, logger);
  const connections = new ConnectionTracker({
    maxUnsentBytes,
    stallTimeoutMs,
    onDisconnect: (reason) => logger?.info({ reason }, 'disconnected a client that did not read its response'),
  });
  const app = createApp({
    connections,
    store,
    parts,
    callers,
    accountOf: callers === 'service' ? (key) => serviceAccount(store, key) : (key) => store.accountOf(key),
    runExpiresAfterSeconds: runs.runExpiresAfterSeconds,
    admission: new Admission({ ...DEFAULT_LIMITS, ...limits }),
    logger,
  });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    connections.close();
    await store.close();
    throw new LocalAimlStartError(describeListenError(codeOf(error)), { cause: error });
  }
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(app, host),
    storeId: store.id,
    serviceKey: store.serviceKey,
    stop: () =>
      (stopped ??= Promise.all([stop(app), parts.engine.stop()])
        .then(() => undefined)
        .finally(() => {
          connections.close();
          return store.close();
        })),
  };
}

/** The account that the service has always had; undefined for any key but its own. */
function serviceAccount(store: Store, key: string): string | undefined {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(key), digest(store.serviceKey)) ? store.accountOf('local') : undefined;
}

async function stop(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), STOP_TIMEOUT_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}

/** A URL that can be called: a server that listens on all addresses is reached on loopback. */
function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function describeListenError(code: string): string {
  if (code === 'EADDRINUSE')
    return 'PORT is in use by another process: stop that one or set PORT to another (0 takes a free one).';
  if (code === 'EACCES') return 'PORT may not be used by this user: set PORT to 1024 or above (0 takes a free one).';
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code))
    return 'HOST is not an address of this machine: set HOST to one, for example 127.0.0.1.';
  return `The embedded AIML API cannot listen (${code || 'unknown reason'}): check HOST and PORT.`;
}
