/**
 * Redacts secrets in finished log entries, and reduces errors to the parts that may be logged. The redaction is a safety
 * net: no field of an entry should contain a secret in the first place.
 */
import { types } from 'node:util';

const REDACTED = '[redacted]';

/** Shorter secrets would match ordinary words. */
const MIN_SECRET_LENGTH = 8;
const BEARER = /(\bbearer(?:\s|%20|\+)+)[^\s"\\,;&]+/gi;

/** Redacts the secrets (plain, in base64 and URL-encoded) and the token after any `Bearer`. */
export function createRedaction(secrets: readonly string[]): (entry: string) => string {
  const forms = new Set(
    secrets
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
      .flatMap((secret) => [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        Buffer.from(secret)
          .toString('base64')
          .replace(/(?<!=)=+$/, ''),
        Buffer.from(secret).toString('base64url'),
      ]),
  );
  return (entry) => {
    let redacted = entry.includes('earer') ? entry.replace(BEARER, `$1${REDACTED}`) : entry;
    for (const form of forms) if (redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    return redacted;
  };
}

interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  /** The stack frames, without the message. */
  readonly stack?: readonly string[];
  readonly cause?: LoggedError;
}

/** Names of this service's errors, whose messages never contain a credential, an address, a body or a client's value. */
const OWN_ERRORS: ReadonlySet<string> = new Set([
  'PublicError',
  'ConfigError',
  'LocalAimlStartError',
  'RequestError',
  'ServiceError',
]);

const ERROR_NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
/** `ECONNREFUSED`, `UND_ERR_SOCKET`, `BAD_USER_INPUT`. */
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
/** A frame in a file, in Node or in anonymous code. A line with another location is part of a message. */
const STACK_FRAME =
  /^at (?:[\w.$<>#[\] ]{1,200} \()?(?:(?:file:\/\/\/|node:|\/|[A-Za-z]:\\)[^\s()?]{1,500}:\d+:\d+|<anonymous>)\)?$/;
const MAX_FRAMES = 20;
const MAX_CAUSES = 3;

/** True also for an error of another realm. */
const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value);

/** `thrown` may be any value; if it is not an error, only its type is logged. */
export const toLoggedError = (thrown: unknown, withStack: boolean): LoggedError =>
  isError(thrown) ? toLogged(thrown, withStack, MAX_CAUSES) : { type: typeof thrown };

function toLogged(error: Error, withStack: boolean, causes: number): LoggedError {
  const type = nameOf(error);
  const code = codeOf(error);
  const cause = causes > 0 && isError(error.cause) ? error.cause : null;
  return {
    type,
    ...(code !== null && { code }),
    ...(OWN_ERRORS.has(type) && { message: error.message }),
    ...(withStack && { stack: framesOf(error) }),
    ...(cause && { cause: toLogged(cause, withStack, causes - 1) }),
  };
}

/** `name` can be set to any value, so it is logged only if it looks like an error name. */
const nameOf = ({ name }: { readonly name: unknown }): string =>
  typeof name === 'string' && ERROR_NAME.test(name) ? name : 'Error';

function codeOf(error: Error): string | null {
  const code = 'code' in error ? error.code : extensionCodeOf(error);
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : null;
}

/** The code of a GraphQL error. */
function extensionCodeOf(error: Error): unknown {
  const extensions = 'extensions' in error ? error.extensions : null;
  return typeof extensions === 'object' && extensions !== null && 'code' in extensions ? extensions.code : null;
}

function framesOf({ stack, message }: { readonly stack?: unknown; readonly message: unknown }): string[] {
  if (typeof stack !== 'string') return [];
  const end = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1;
  return stack
    .slice(end === -1 ? 0 : end + String(message).length)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => STACK_FRAME.test(line))
    .slice(0, MAX_FRAMES);
}
