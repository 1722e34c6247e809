/**
 * The one place that decides what a log line may hold. Whatever is logged, at any depth, comes through here: fields by
 * the names of secrets are struck out, errors are cut down to what is harmless, and of things that are no plain data
 * (requests, sockets, URLs, buffers) only the kind is told.
 */
import { isError, toLoggedError } from './logged-error.ts';

export const REDACTED = '[redacted]';

/** Names of fields whose value is never written, whatever it is: credentials, and what callers and upstream send. */
const SECRET_FIELD =
  /authorization|cookie|credential|password|passwd|secret|api[-_]?key|bearer|jwt|(?:^|[-_a-z])token$|^(?:raw)?headers$|^variables$|^input$|^arguments$|^args$|^query$|^document$|^body$|^payload$/i;
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

type Fields = Record<string, unknown>;

/** A copy of the fields of a log line that may be written. The original is left alone. */
export function toLoggableFields(fields: object, withStack: boolean, depth = 0): Fields {
  const loggable: Fields = {};
  for (const name of Object.keys(fields))
    loggable[name] = isSecret(name) ? REDACTED : toLoggable((fields as Fields)[name], withStack, depth + 1);
  return loggable;
}

/** The names of fields are few, and every line has some. */
const MAX_KNOWN_NAMES = 500;
const knownNames = new Map<string, boolean>();

function isSecret(name: string): boolean {
  let answer = knownNames.get(name);
  if (answer === undefined) {
    answer = SECRET_FIELD.test(name);
    if (knownNames.size < MAX_KNOWN_NAMES && name.length <= 64) knownNames.set(name, answer);
  }
  return answer;
}

/** The same for any value; `depth` is how deep in the line it stands. */
export function toLoggable(value: unknown, withStack: boolean, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isError(value)) return toLoggedError(value, withStack);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => toLoggable(item, withStack, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return toLoggableFields(value, withStack, depth);
  return `[${kindOf(value)}]`;
}

function kindOf(value: object): string {
  const { name } = value.constructor;
  return /^\w{1,64}$/.test(name) ? name : 'object';
}

/** Shorter ones would strike out ordinary words. */
const MIN_SECRET_LENGTH = 8;

/**
 * Makes the last check of a finished line: it strikes out the given secrets as they are, in base64 and URL-encoded, and
 * whatever follows `Bearer`, in case one got into a text. It is a net, not the way to keep secrets out.
 */
export function createLineFilter(secrets: readonly string[]): (line: string) => string {
  const forms = new Set(
    secrets
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
      .flatMap((secret) => [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        Buffer.from(secret).toString('base64url'),
      ]),
  );
  return (line) => {
    let filtered = line.includes('earer') ? line.replace(BEARER, `$1${REDACTED}`) : line;
    for (const form of forms) if (filtered.includes(form)) filtered = filtered.replaceAll(form, REDACTED);
    return filtered;
  };
}

const BEARER = /(\bbearer(?:\s|%20|\+)+)[^\s"\\,;&]+/gi;
