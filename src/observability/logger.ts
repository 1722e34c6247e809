/**
 * The log of the service: one method for each event that it may hold, one JSON line for each event. Nothing else can be
 * logged, so what an entry holds is decided here: no credential, no text of a request or a response, and of an error
 * only what `redaction.ts` takes from it.
 */
import { pino, type DestinationStream } from 'pino';
import type { LogWriter } from './log-writer.ts';
import { createRedaction, toLoggedError } from './redaction.ts';
import type { OperationRecord } from './operation-record.ts';

/** Fields of an entry that are undefined are left out. */
export interface OperationEntry extends OperationRecord {
  readonly requestId: string;
  /** The id that the client gave the request, where it is a valid one. */
  readonly callerRequestId: string | undefined;
  /** Attempts of calls to the AIML API. */
  readonly upstreamCalls: number;
  /** Whether the response was shared with an identical query in flight. */
  readonly isShared: true | undefined;
  readonly traceId: string | undefined;
  /** Of a subscription that was started: how its results were sent. */
  readonly transport?: string | undefined;
  /** Stands for the caller: see `toTenantLabel`. Undefined if the caller is not known. */
  readonly tenant?: string | undefined;
  /** Ids of what a mutation created, changed or deleted. */
  readonly writtenIds?: readonly string[] | undefined;
  /** How its stream ended: completed, failed, disconnected or cut. */
  readonly end?: string | undefined;
  /** How many results were sent. */
  readonly events?: number | undefined;
}

/** A request that got an error response before it became an operation. */
export interface RejectionEntry {
  readonly requestId: string;
  readonly status: number;
  readonly errorCodes: readonly string[];
  readonly durationMs: number;
}

/** An attempt of a call to the AIML API that failed. */
export interface UpstreamFailureEntry {
  /** The id of the GraphQL request. */
  readonly requestId: string;
  /** The endpoint, for example `assistants.get`. */
  readonly call: string;
  /** dns, refused, tls, reset, timeout, status, … */
  readonly cause: string;
  readonly status: number | undefined;
  readonly upstreamRequestId: string | undefined;
  /** From 1. */
  readonly attempt: number;
  /** NOT_SENT, REJECTED or UNKNOWN. */
  readonly outcome: string;
  readonly durationMs: number;
  readonly tenant: string;
}

/** What runs, and how: written when the service starts to listen. */
export interface StartEntry {
  readonly version: string;
  readonly upstream: string;
  readonly auth: string;
  /** Which model executes runs; undefined if the embedded AIML API does not. */
  readonly model: string | undefined;
}

export interface UnlistedOperationEntry {
  readonly requestId: string;
  readonly operationName: string | null;
  readonly refused: boolean;
}

export type LibraryLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  listening(url: string, entry?: StartEntry): void;
  /** A variable of the environment that is one slip away from a setting. */
  settingMisspelt(name: string, suggestion: string): void;
  stopping(signal: string): void;
  /** `suppressed`: how many such entries were left out before it. */
  upstreamCallFailed(entry: UpstreamFailureEntry, suppressed: number): void;
  /** `scope` says what is held back while it is open. */
  breakerOpened(scope: string): void;
  breakerClosed(scope: string): void;
  /** The identity provider's keys cannot be fetched. `reason` is one of a few words. */
  jwksUnavailable(reason: string, suppressed: number): void;
  /** `reason` says what is wrong with the token, and holds nothing of it. */
  tokenRejected(entry: { readonly requestId: string; readonly reason: string }, suppressed: number): void;
  /** Traces cannot be delivered to the collector. */
  tracesUndelivered(): void;
  tracesDelivered(): void;
  stopped(): void;
  stopFailed(error: unknown): void;
  operationEnded(entry: OperationEntry): void;
  requestRejected(entry: RejectionEntry): void;
  /** A fault of the HTTP layer, which clients see as INTERNAL_SERVER_ERROR. */
  requestFailed(error: unknown, requestId: string): void;
  /** A fault in the handling of a WebSocket, which is closed then. */
  webSocketFailed(error: unknown): void;
  /** An error that callers see as INTERNAL_SERVER_ERROR. */
  internalErrorMasked(error: unknown, requestId: string): void;
  operationUnlisted(entry: UnlistedOperationEntry): void;
  /** Operations of the manifest that are not valid in the schema, by name; null for a name that may not be logged. */
  manifestUnusable(operationNames: readonly (string | null)[]): void;
  clientDisconnected(reason: string): void;
  /** `reason` is the code of an error. */
  redisUnavailable(reason: string): void;
  redisAvailable(): void;
  explorerMissing(): void;
  /** A library logged something. Its text is not logged, as it may hold anything. */
  libraryLogged(library: string, level: LibraryLevel): void;
  readonly embeddedApi: EmbeddedApiLogger;
}

/**
 * For the embedded API, which has a logger of its own form: `(text)`, or `(fields, text)` of which the request id and the
 * error are logged. The texts are the embedded API's own. Its requests (info) are calls of the service and not logged.
 */
export type EmbeddedApiLogger = Readonly<Record<'info' | 'warn' | 'error', (first: unknown, text?: string) => void>>;

export interface LoggerOptions {
  /** Whether errors are logged with the frames of their stacks. Off in production. */
  readonly stacks?: boolean;
  /** What the process must keep secret. It is redacted wherever it turns up. */
  readonly secrets?: readonly string[];
}

/** Where entries go: anything that takes text. */
export type LogDestination = DestinationStream;

/** Entries for a program as they are; on a terminal, entries for a person. */
export const createDestination = async (writer: LogWriter, isTerminal: boolean): Promise<LogDestination> =>
  isTerminal ? createReadableDestination(writer) : writer;

/** What makes entries readable is loaded only where it is used. */
export async function createReadableDestination(destination: LogDestination): Promise<LogDestination> {
  const { prettyFactory } = await import('pino-pretty');
  const toReadable = prettyFactory({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true });
  return { write: (entry) => destination.write(toReadable(entry)) };
}

/** `level` is the lowest that is written, one of pino's. */
export function createLogger(
  level: string,
  destination: LogDestination,
  { stacks = false, secrets = [] }: LoggerOptions = {},
): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp,
      // Errors are mapped before they get here. Pino's own serializer would write their messages.
      serializers: { err: (err: unknown) => err },
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: createRedaction(secrets) },
    },
    destination,
  );
  const toErr = (error: unknown) => toLoggedError(error, stacks);
  const toEmbeddedEntry = (fields: unknown) => {
    const { requestId, err } = (typeof fields === 'object' && fields !== null ? fields : {}) as Record<string, unknown>;
    return { requestId: typeof requestId === 'string' ? requestId : undefined, err: err && toErr(err) };
  };
  const logEmbedded =
    (write: 'warn' | 'error') =>
    (first: unknown, text?: string): void =>
      logger[write](toEmbeddedEntry(first), typeof first === 'string' ? first : text);
  return {
    listening: (url, entry) => logger.info({ url, ...entry }, 'listening'),
    settingMisspelt: (name, suggestion) =>
      logger.warn({ name, suggestion }, `${name} is no setting: is ${suggestion} meant?`),
    stopping: (signal) => logger.info({ signal }, 'stopping'),
    upstreamCallFailed: (entry, suppressed) =>
      logger.warn({ ...entry, suppressed: suppressed || undefined }, 'a call to the AIML API failed'),
    breakerOpened: (scope) => logger.warn({ scope }, 'calls to the AIML API are held back'),
    breakerClosed: (scope) => logger.info({ scope }, 'calls to the AIML API are no longer held back'),
    jwksUnavailable: (reason, suppressed) =>
      logger.warn(
        { reason, suppressed: suppressed || undefined },
        'the keys of the identity provider cannot be fetched',
      ),
    tokenRejected: (entry, suppressed) =>
      logger.info({ ...entry, suppressed: suppressed || undefined }, 'an access token was rejected'),
    tracesUndelivered: () => logger.warn('traces cannot be delivered to the collector'),
    tracesDelivered: () => logger.info('traces are delivered again'),
    stopped: () => logger.info('stopped'),
    stopFailed: (error) => logger.error({ err: toErr(error) }, 'could not stop cleanly'),
    operationEnded: (entry) => logger.info(entry, 'operation'),
    requestRejected: (entry) => logger.info(entry, 'refused'),
    webSocketFailed: (error) => logger.error({ err: toErr(error) }, 'a WebSocket failed'),
    requestFailed: (error, requestId) => logger.error({ err: toErr(error), requestId }, 'a request failed'),
    internalErrorMasked: (error, requestId) =>
      logger.error({ err: toErr(error), requestId }, 'an internal error was masked'),
    operationUnlisted: (entry) => logger.warn(entry, 'an operation is not in the manifest'),
    manifestUnusable: (operations) =>
      logger.warn({ count: operations.length, operations }, 'operations of the manifest do not fit the schema'),
    clientDisconnected: (reason) => logger.info({ reason }, 'a client was disconnected that did not read its response'),
    redisUnavailable: (reason) =>
      logger.warn({ reason }, 'Redis is away: what replicas share is held back until it returns'),
    redisAvailable: () => logger.info('Redis is back'),
    explorerMissing: () => logger.warn('there is no explorer, as it has not been built: run npm run build'),
    libraryLogged: (library, libraryLevel) => logger[libraryLevel](`${library} reported something`),
    embeddedApi: { info: () => undefined, warn: logEmbedded('warn'), error: logEmbedded('error') },
  };
}

/** An entry of a crash is at most this long, in characters. */
const MAX_CRASH_LENGTH = 16_384;

/** The entry of a crash, which is written when there may be no logger. Never throws. */
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

/** The field `time`, in ISO 8601. Under load many entries are of one millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== timedAt) {
    timedAt = now;
    timeField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return timeField;
}
