/**
 * The one logger: JSON lines, readable ones on a terminal. What a line may hold is decided in `loggable.ts`; this module
 * makes sure that no line gets past it, whoever logs and however.
 */
import { pino, type Bindings, type ChildLoggerOptions, type DestinationStream, type LogFn, type Logger } from 'pino';
import { createLineFilter, toLoggable, toLoggableFields } from './loggable.ts';
import type { LogWriter } from './log-writer.ts';
import { isError, speaksForItself, toLoggedError } from './logged-error.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Whether errors are written with the frames of their stacks. Off in production. */
  readonly stacks?: boolean;
  /** What the process itself must keep secret: struck out wherever it turns up. */
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
  const toFields = (fields: object) => toLoggableFields(fields, stacks);
  const logger = pino(
    {
      level,
      base: null,
      timestamp,
      // Errors are dealt with in the formatter, which sees them wherever they stand: pino's own serializer tells all.
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }), log: toFields },
      hooks: {
        logMethod(args, method) {
          method.apply(this, toSafeCall(args, stacks));
        },
        streamWrite: createLineFilter(secrets),
      },
    },
    destination,
  );
  // Pino formats the bindings of the root alone. Loggers inherit from the one they were made of, so this holds for all.
  const makeChild: MakeChild = Reflect.get(logger, 'child');
  const setBindings: SetBindings = Reflect.get(logger, 'setBindings');
  return Object.assign(logger, {
    child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions) {
      return makeChild.call(this, toFields(bindings), options);
    },
    setBindings(this: Logger, bindings: Bindings) {
      setBindings.call(this, toFields(bindings));
    },
  });
}

let timedAt = NaN;
let timeField = '';

/** The field `time`, in ISO 8601; under load many lines are of one millisecond. */
function timestamp(): string {
  const now = Date.now();
  if (now !== timedAt) {
    timedAt = now;
    timeField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return timeField;
}

/** An entry of a crash is at most this long, in characters. */
const MAX_CRASH_LENGTH = 16_384;

/** The one entry of a crash, in one line, with the same things struck out as in the log. Never throws. */
export function toCrashEntry(thrown: unknown, { stacks = false, secrets = [] }: LoggerOptions = {}): string {
  const toEntry = (withStack: boolean) => {
    const err = isError(thrown) ? toLoggedError(thrown, withStack) : { type: typeof thrown };
    const entry = { level: 'fatal', time: new Date().toISOString(), err, msg: 'crashed' };
    return createLineFilter(secrets)(JSON.stringify(entry));
  };
  try {
    const entry = toEntry(stacks);
    return entry.length < MAX_CRASH_LENGTH ? `${entry}\n` : `${toEntry(false).slice(0, MAX_CRASH_LENGTH)}\n`;
  } catch {
    return '{"level":"fatal","msg":"crashed"}\n';
  }
}

type MakeChild = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => Logger;
type SetBindings = (this: Logger, bindings: Bindings) => void;

/**
 * A logger for a library whose texts are not ours to vouch for: it tells that the library had something to say and how
 * grave it was, never what. Where the library also reports errors by a callback, log those there.
 */
export function createLibraryLogger(logger: Logger, library: string): LibraryLogger {
  const text = `${library} reported something`;
  return {
    debug: () => logger.debug(text),
    info: () => logger.info(text),
    warn: () => logger.warn(text),
    error: () => logger.error(text),
  };
}

export type LibraryLogger = Readonly<Record<'debug' | 'info' | 'warn' | 'error', () => void>>;

type LogArguments = Parameters<LogFn>;

/** Pino takes the message of an error for the text of the line where there is none, and libraries pass it as the text. */
function toSafeCall(args: LogArguments, stacks: boolean): LogArguments {
  const [first, ...rest]: readonly unknown[] = args;
  const toParameter = (value: unknown) => toLoggable(value, stacks);
  if (typeof first !== 'object' || first === null)
    return [toSafeText(first), ...rest.map(toParameter)] as unknown as LogArguments;
  const error = isError(first) ? first : 'err' in first && isError(first.err) ? first.err : null;
  const [text, ...parameters] = rest;
  return [
    isError(first) ? { err: first } : first,
    error ? toErrorText(text, error) : toSafeText(text),
    ...parameters.map(toParameter),
  ] as LogArguments;
}

const UNSPOKEN = 'an error occurred';
/** A shorter message is found in a text by chance. */
const MIN_MESSAGE_LENGTH = 16;

function toErrorText(text: unknown, error: Error): unknown {
  if (speaksForItself(error)) return toSafeText(text ?? error.message);
  if (text === undefined || text === error.message) return UNSPOKEN;
  const holdsMessage =
    typeof text === 'string' && error.message.length >= MIN_MESSAGE_LENGTH && text.includes(error.message);
  return holdsMessage ? UNSPOKEN : toSafeText(text);
}

/** The query of a URL may hold a document and its variables. */
const URL_QUERY = /\?[^\s"]+/g;

const toSafeText = (text: unknown): unknown =>
  typeof text !== 'string'
    ? toLoggable(text, false)
    : text.includes('?')
      ? text.replace(URL_QUERY, '?[redacted]')
      : text;
