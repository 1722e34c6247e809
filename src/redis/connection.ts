/**
 * The one connection to Redis (or Valkey), and whether it can be relied on. What is kept there is not known here.
 *
 * Redis is a help and never a need. What fails there, or takes too long, makes it count as away: from then on nobody
 * waits for it, until it has shown that it takes writes again.
 */
import { Redis, type ChainableCommander, type RedisOptions } from 'ioredis';
import { errorCode } from '../runtime/error-code.ts';

/** The longest that anybody waits while Redis is silent. The connection is kept: it goes on where Redis does. */
const REPLY_TIMEOUT_MS = 300;
/** A connection on which nothing comes for this long, though it should, is given up. */
const SILENCE_TIMEOUT_MS = 1500;
const CONNECT_TIMEOUT_MS = 1000;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How often it is looked at while nobody asks for anything. */
const CHECK_INTERVAL_MS = 1000;

/** To be raised where replicas of two versions would not understand each other's keys. */
const PREFIX = 'assistants:1';

export interface RedisConnectionOptions {
  /** `redis:` or `rediss:`, checked; it may hold a user and a password. */
  readonly url: URL;
  /** What tells the keys of services on one upstream from those on another. */
  readonly namespace: string;
  /** Told when it goes away, with a word for the reason, and when it is back (null). */
  readonly onChange: (unavailableReason: string | null) => void;
}

/** Commands that have to succeed before Redis counts as up; `wasUnavailable` tells whether it counted as away until now. */
export type ConnectHook = (client: Redis, wasUnavailable: boolean) => Promise<unknown>;

export class RedisConnection {
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #onChange: RedisConnectionOptions['onChange'];
  #state: 'new' | 'up' | 'unavailable' | 'closed' = 'new';
  #connectHook: ConnectHook = (client) => client.ping();
  #timer: NodeJS.Timeout | null = null;
  #settle: () => void = () => undefined;

  constructor({ url, namespace, onChange }: RedisConnectionOptions) {
    this.#prefix = `${PREFIX}:${namespace}`;
    this.#onChange = onChange;
    this.#client = new Redis(toOptions(url));
    this.#client.on('ready', () => void this.#markAvailable());
    this.#client.on('error', (error) => this.#markUnavailable(error));
    this.#client.on('close', () => this.#markUnavailable(null));
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** To be called before {@link open}. */
  onConnect(hook: ConnectHook): void {
    this.#connectHook = hook;
  }

  /** Resolves once it is known whether Redis is there, which takes three seconds at most. Never rejects. */
  async open(): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#settle = resolve));
    this.#client.connect().catch(() => undefined);
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
    await settled;
  }

  /** Ends the connection without waiting for anything. */
  close(): void {
    this.#state = 'closed';
    this.#settle();
    if (this.#timer) clearInterval(this.#timer);
    this.#client.disconnect();
  }

  /** A key of this service. Its parts hold no colon, and nothing that somebody sent. */
  key(...parts: readonly string[]): string {
    return [this.#prefix, ...parts].join(':');
  }

  /** What the commands answer, one after the other; null where Redis is away, or is from now on. Never rejects. */
  pipeline(commands: (pipeline: ChainableCommander) => ChainableCommander): Promise<readonly unknown[] | null> {
    return this.run(async (client) => {
      const replies = (await commands(client.pipeline()).exec()) ?? [];
      return replies.map(([error, reply]) => {
        if (error) throw error;
        return reply;
      });
    });
  }

  /** The same for what brings commands of its own. A rejection of `run` is taken for a fault of Redis. */
  async run<T extends object | number>(run: (client: Redis) => Promise<T>): Promise<T | null> {
    if (this.#state !== 'up') return null;
    try {
      return await withIdleTimeout(this.#client, run(this.#client));
    } catch (error) {
      this.#markUnavailable(error);
      return null;
    }
  }

  async #markAvailable(): Promise<void> {
    try {
      await withIdleTimeout(this.#client, this.#connectHook(this.#client, this.#state === 'unavailable'));
    } catch (error) {
      this.#markUnavailable(error);
      return;
    }
    if (this.#state === 'closed') return;
    const wasUnavailable = this.#state === 'unavailable';
    this.#state = 'up';
    this.#settle();
    if (wasUnavailable) this.#onChange(null);
  }

  #markUnavailable(error: unknown): void {
    if (this.#state === 'unavailable' || this.#state === 'closed') return;
    this.#state = 'unavailable';
    this.#settle();
    this.#onChange(errorLabel(error));
  }

  #check(): void {
    if (this.#client.status !== 'ready') return;
    if (this.#state === 'up') void this.pipeline((pipeline) => pipeline.ping());
    else void this.#markAvailable();
  }
}

function toOptions({ protocol, hostname, port, username, password, pathname }: URL) {
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db: Number(pathname.slice(1)),
    ...(protocol === 'rediss:' && { tls: {} }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // The other side is not waited for, however it ends: otherwise a timer stays behind that holds the process.
    disconnectTimeout: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** times, MAX_RECONNECT_DELAY_MS),
    // Nothing waits for a Redis that is not there, and nothing is sent to it a second time.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Whether it can be used is found out by the entrance; the library's own check needs INFO, and warns on the console.
    enableReadyCheck: false,
  } satisfies RedisOptions;
}

class NoReplyError extends Error {
  readonly code = 'NO_ANSWER';
}

/**
 * Rejects where Redis is silent for too long. What has arrived while this process was busy is looked at first, and as long
 * as something arrives it is no silence: large answers take their time.
 */
function withIdleTimeout<T>(client: Redis, reply: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytesSeen = client.stream.bytesRead;
    const look = () => {
      const { bytesRead } = client.stream;
      if (bytesRead === bytesSeen) reject(new NoReplyError());
      else timer = setTimeout(listen, REPLY_TIMEOUT_MS);
      bytesSeen = bytesRead;
    };
    const listen = () => setImmediate(look);
    let timer = setTimeout(listen, REPLY_TIMEOUT_MS);
    void reply.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/** `ECONNREFUSED` and the like, or the word that Redis begins an error with (`NOAUTH`, `OOM`); the rest is its own. */
function errorLabel(error: unknown): string {
  const word = error instanceof Error ? /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] : undefined;
  return errorCode(error) ?? word ?? 'CONNECTION_LOST';
}
