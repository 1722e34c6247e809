/**
 * The log of the service: one method per event, one JSON line per entry. Nothing else can be logged. Entries contain no
 * credential and no text of a request or response; `redaction.ts` decides which parts of an error they contain.
 */
import { pino, type DestinationStream } from 'pino';
import { LAST_FLUSH_MS, writeToStderr, type LogWriter } from './log-writer.ts';
import { createRedaction, toLoggedError } from './redaction.ts';
import type { AttemptFailure } from './metrics.ts';
import { toTenantLabel, type EndedOperation, type OperationRecord } from './operation-record.ts';

/** A request that got an error response before it became an operation. */
export interface RejectedRequest {
  readonly requestId: string;
  /** Absent for an operation of a WebSocket. */
  readonly status?: number;
  readonly code: string;
  readonly durationMs: number;
  readonly caller?: Caller;
}

/** The subject of the caller that a connection had last; null if none was authenticated. */
export type Caller = string | null;

/** A WebSocket that was closed for what its client did. */
export interface RejectedWebSocket {
  readonly closeCode: number;
  readonly caller: Caller;
}

interface FailedRequest {
  readonly requestId: string;
  readonly caller?: Caller;
}

/** A circuit breaker that has opened or closed. */
export interface ChangedBreaker {
  /** The calls that it blocks: all, those without a recent success, or one request of one tenant. */
  readonly scope: 'connections' | 'outage' | 'request';
  readonly isOpen: boolean;
  /** The tenant of the breaker of one request; null for the others. */
  readonly tenant: string | null;
}

/** Version and configuration, logged when the service starts to listen. */
interface StartEntry {
  readonly version: string;
  readonly upstream: string;
  readonly auth: string;
  /** The model that executes runs; undefined without the embedded AIML API. */
  readonly model: string | undefined;
}

export type LibraryLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = ReturnType<typeof createLogger>;

/**
 * The embedded API's logger interface: `(text)` or `(fields, text)`. Of the fields, only ids and the error are logged. Its
 * requests (info) are not logged, because they are upstream calls of the service.
 */
type EmbeddedApiLogger = Readonly<Record<'info' | 'warn' | 'error', (first: unknown, text?: string) => void>>;

export interface LoggerOptions {
  /** Whether errors are logged with their stack frames. Off in production. */
  readonly stacks?: boolean;
  /** Texts that are redacted in every entry. */
  readonly secrets?: readonly string[];
}

/** JSON lines, or readable lines on a terminal. */
export const createDestination = async (writer: LogWriter, isTerminal: boolean): Promise<DestinationStream> =>
  isTerminal ? createReadableDestination(writer) : writer;

/** Formats entries for people. The formatter is loaded on demand. */
export async function createReadableDestination(destination: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const toReadable = prettyFactory({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true });
  return { write: (entry) => destination.write(toReadable(entry)) };
}

/** `level` is the lowest level that is written, as in pino. */
export function createLogger(
  level: string,
  destination: DestinationStream,
  { stacks = false, secrets = [] }: LoggerOptions = {},
) {
  const redact = createRedaction(secrets);
  const logger = pino(
    {
      level,
      base: null,
      timestamp,
      // Errors have been redacted by `toLoggedError`. Pino's own serializer would write their messages.
      serializers: { err: (err: unknown) => err },
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redact },
    },
    destination,
  );
  const toErr = (error: unknown) => toLoggedError(error, stacks);
  const toEmbeddedEntry = (fields: unknown) => {
    const given = (typeof fields === 'object' && fields !== null ? fields : {}) as Record<string, unknown>;
    const { requestId, clientRequestId, runId, err } = given;
    // The client is the service, whose id all other entries of the request have.
    return { requestId: toText(clientRequestId) ?? toText(requestId), runId: toText(runId), err: err && toErr(err) };
  };
  const logEmbedded =
    (write: 'warn' | 'error') =>
    (first: unknown, text?: string): void =>
      logger[write](toEmbeddedEntry(first), typeof first === 'string' ? first : text);
  const embeddedApi: EmbeddedApiLogger = {
    info: () => undefined,
    warn: logEmbedded('warn'),
    error: logEmbedded('error'),
  };
  return {
    listening: (url: string, entry?: StartEntry) => logger.info({ url, ...entry }, 'listening'),
    /** An environment variable that looks like a misspelt setting. */
    settingMisspelt: (name: string, suggestion: string) =>
      logger.warn({ name, suggestion }, `${name} is not a setting; did you mean ${suggestion}?`),
    /** The account of the service's key has no assistants at the AIML API. */
    assistantsUnavailable: () => logger.warn(SUNSET_NOTICE),
    stopping: (signal: string) => logger.info({ signal }, 'stopping'),
    /** `suppressed`, here and below: how many such entries were left out before it; absent for none. */
    upstreamCallFailed: ({ requestId, call, cause, status, ...attempt }: AttemptFailure, suppressed?: number) =>
      logger.warn(
        {
          requestId,
          call,
          cause,
          status: status ?? undefined,
          upstreamRequestId: attempt.upstreamRequestId ?? undefined,
          attempt: attempt.attempt,
          outcome: attempt.kind,
          durationMs: Math.round(attempt.durationMs),
          tenant: toTenantLabel(attempt.subject),
          suppressed,
        },
        'a call to the AIML API failed',
      ),
    breakerChanged: ({ scope, isOpen, tenant }: ChangedBreaker, suppressed?: number) =>
      logger[isOpen ? 'warn' : 'info'](
        { scope, tenant: toTenant(tenant), suppressed },
        `a circuit breaker for calls to the AIML API ${isOpen ? 'opened' : 'closed'}`,
      ),
    /** `reason` is one of a few words. */
    jwksUnavailable: (reason: string, suppressed?: number) =>
      logger.warn({ reason, suppressed }, 'the keys of the identity provider cannot be fetched'),
    /** `reason` says why the token was rejected, without any text of the token. */
    tokenRejected: (entry: { readonly requestId: string; readonly reason: string }, suppressed?: number) =>
      logger.info({ ...entry, suppressed }, 'an access token was rejected'),
    /** A page of an origin that is not allowed sent a CORS preflight or opened a WebSocket. */
    originRejected: (requestId: string, suppressed?: number) =>
      logger.warn(
        { requestId, setting: 'CORS_ORIGINS', suppressed },
        'a page of an origin that is not allowed called the service: CORS_ORIGINS decides which origins are allowed',
      ),
    tracesUndelivered: () => logger.warn('traces cannot be delivered to the collector'),
    tracesDelivered: () => logger.info('traces are delivered again'),
    stopped: () => logger.info('stopped'),
    stopFailed: (error: unknown) => logger.error({ err: toErr(error) }, 'could not stop cleanly'),
    /** There is one for every request, and pino takes three times as long for the same text. */
    operationEnded: (record: OperationRecord, operation: EndedOperation) => {
      if (!logger.isLevelEnabled('info')) return;
      const { info, upstreamCalls, isShared, stream, writtenIds } = operation;
      const { operationName, kind, outcome, errorCodes, durationMs } = record;
      const entry = {
        requestId: info.requestId,
        operationName,
        kind,
        outcome,
        errorCodes,
        durationMs: stream?.durationMs ?? durationMs,
        upstreamCalls,
        callerRequestId: info.callerRequestId ?? undefined,
        isShared: isShared || undefined,
        traceId: info.trace?.traceId,
        tenant: toTenant(info.caller),
        writtenIds,
        transport: stream?.transport,
        end: stream?.end,
        events: stream?.events,
      };
      const fields = JSON.stringify(entry).slice(1, -1);
      destination.write(redact(`{"level":"info"${timestamp()},${fields},"msg":"operation"}\n`));
    },
    requestRejected: ({ requestId, status, code, durationMs, caller = null }: RejectedRequest) =>
      logger.info({ requestId, status, errorCodes: [code], durationMs, tenant: toTenant(caller) }, 'request rejected'),
    /** A fault in the handling of a WebSocket, which closes it. */
    webSocketFailed: (error: unknown, caller: Caller) =>
      logger.error({ err: toErr(error), tenant: toTenant(caller) }, 'a WebSocket failed'),
    /** A WebSocket was closed for what its client did, for example with 1009 for a message over the limit. */
    webSocketRejected: ({ closeCode, caller }: RejectedWebSocket, suppressed?: number) =>
      logger.info({ closeCode, tenant: toTenant(caller), suppressed }, 'a WebSocket was closed'),
    /** A fault of the HTTP layer, which clients see as INTERNAL_SERVER_ERROR. */
    requestFailed: (error: unknown, requestId: string, caller: Caller) =>
      logger.error({ err: toErr(error), requestId, tenant: toTenant(caller) }, 'a request failed'),
    /** An error of a resolver, which clients see as INTERNAL_SERVER_ERROR. */
    internalErrorMasked: (error: unknown, { requestId, caller = null }: FailedRequest) =>
      logger.error({ err: toErr(error), requestId, tenant: toTenant(caller) }, 'an internal error was masked'),
    operationUnlisted: (
      entry: { readonly requestId: string; readonly operationName: string | null; readonly rejected: boolean },
      caller: Caller,
    ) => logger.warn({ ...entry, tenant: toTenant(caller) }, 'an operation is not in the manifest'),
    /** The names of manifest operations; null for a name that may not be logged. */
    manifestUnusable: (operations: readonly (string | null)[]) =>
      logger.warn({ count: operations.length, operations }, 'operations of the manifest are not valid in the schema'),
    clientDisconnected: (reason: string, caller: Caller) =>
      logger.info({ reason, tenant: toTenant(caller) }, 'disconnected a client that did not read its response'),
    /** `reason` is the code of an error. */
    redisUnavailable: (reason: string) =>
      logger.warn({ reason }, 'Redis is unavailable: replicas share nothing until it is available again'),
    redisAvailable: () => logger.info('Redis is available again'),
    explorerMissing: () => logger.warn('the explorer is unavailable because it has not been built: run npm run build'),
    /** Logs the level only: the library's text may contain request data. */
    libraryLogged: (library: string, libraryLevel: LibraryLevel) => logger[libraryLevel](`${library} logged a message`),
    embeddedApi,
  };
}

const SUNSET_NOTICE =
  'the account has no assistants at the AIML API: start with UPSTREAM=local to continue with the embedded AIML API, ' +
  'with the same AIML_API_KEY for the model';

const toTenant = (caller: Caller): string | undefined => (caller === null ? undefined : toTenantLabel(caller));

const toText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The longest crash entry, in characters. */
const MAX_CRASH_LENGTH = 16_384;

/**
 * After an error that nothing caught: writes the entries of `writer` and that of the crash, then calls `exit`. The entry does
 * not go through the logger, which may have failed itself.
 */
export function exitOnCrash(writer: LogWriter, exit: (code: number) => void, options: LoggerOptions = {}): void {
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (thrown: unknown) => {
      writer.flushSync(LAST_FLUSH_MS);
      writeToStderr(toCrashEntry(thrown, options));
      exit(1);
    });
}

/** The log entry of a crash, for when the logger may not work. Never throws. */
export function toCrashEntry(thrown: unknown, { stacks = false, secrets = [] }: LoggerOptions = {}): string {
  const toEntry = (withStack: boolean) => {
    const err = toLoggedError(thrown, withStack);
    return createRedaction(secrets)(
      JSON.stringify({ level: 'fatal', time: new Date().toISOString(), err, msg: 'crashed' }),
    );
  };
  try {
    const entry = toEntry(stacks);
    return entry.length < MAX_CRASH_LENGTH ? `${entry}\n` : `${toEntry(false).slice(0, MAX_CRASH_LENGTH)}\n`;
  } catch {
    return '{"level":"fatal","msg":"crashed"}\n';
  }
}

let timedAt = NaN;
let timeField = '';

/** The field `time`, in ISO 8601. It is cached because many entries share a millisecond under load. */
function timestamp(): string {
  const now = Date.now();
  if (now !== timedAt) {
    timedAt = now;
    timeField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return timeField;
}
