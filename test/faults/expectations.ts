// The error table and the retry table of the public contract, in the order of the contract, and the faults that are
// tested against them. Each line corresponds to a line of the contract; nothing is computed from the code under test.
import type { PublicErrorCode, Outcome } from '../../src/runtime/errors.ts';
import type { RawResponse } from '../support/raw-upstream.ts';
import * as raw from '../support/raw-responses.ts';

export type Operation = 'get' | 'list' | 'create' | 'modify' | 'delete';

/**
 * How an attempt ends. A redirect has an unknown outcome, but is never retried. UNREADABLE has an unknown outcome as
 * well: the response was complete and a retry would get the same, so that only a delete is retried, to learn whether it
 * was applied.
 */
export type Ending = 'NOT_SENT' | '429' | 'REJECTED' | 'UNKNOWN' | 'REDIRECT' | 'UNREADABLE';

/** The number of attempts, the read-backs of a modify, and the final outcome of a write. */
export interface Effort {
  readonly attempts: number;
  readonly readBacks: number;
  readonly outcome: Outcome | null;
}

const effort = (attempts: number, outcome: Outcome | null = null, readBacks = 0): Effort => ({
  attempts,
  readBacks,
  outcome,
});
const [NO, UNKNOWN] = ['NOT_APPLIED', 'UNKNOWN'] as const;

/** "Retries" if every attempt ends in the same way: at most two retries, and one read-back of a modify. */
export const retries: Readonly<Record<Ending, Readonly<Record<Operation, Effort>>>> = {
  // prettier-ignore
  NOT_SENT: { get: effort(3), list: effort(3), delete: effort(3, NO),      modify: effort(3, NO),         create: effort(3, NO) },
  // prettier-ignore
  '429':    { get: effort(3), list: effort(3), delete: effort(3, NO),      modify: effort(3, NO),         create: effort(3, NO) },
  // prettier-ignore
  REJECTED: { get: effort(1), list: effort(1), delete: effort(1, NO),      modify: effort(1, NO),         create: effort(1, NO) },
  // prettier-ignore
  UNKNOWN:  { get: effort(3), list: effort(3), delete: effort(3, UNKNOWN), modify: effort(1, UNKNOWN, 1), create: effort(1, UNKNOWN) },
  // prettier-ignore
  REDIRECT: { get: effort(1), list: effort(1), delete: effort(1, UNKNOWN), modify: effort(1, UNKNOWN, 1), create: effort(1, UNKNOWN) },
  // prettier-ignore
  UNREADABLE: { get: effort(1), list: effort(1), delete: effort(3, UNKNOWN), modify: effort(1, UNKNOWN, 1), create: effort(1, UNKNOWN) },
};

type Code = readonly [code: PublicErrorCode, retryable: boolean];

/** "Errors": the error that the caller gets. OUTCOME_UNKNOWN replaces it if the outcome of a write is unknown. */
const REJECTED_INPUT: Code = ['BAD_USER_INPUT', false];
const UNAUTHENTICATED: Code = ['UNAUTHENTICATED', false];
const FORBIDDEN: Code = ['FORBIDDEN', false];
const NO_CREDITS: Code = ['QUOTA_EXCEEDED', false];
const SLOW_DOWN: Code = ['RATE_LIMITED', true];
const CONFLICT: Code = ['CONFLICT', true];
const NOT_FOUND: Code = ['NOT_FOUND', false];
const SUNSET: Code = ['UPSTREAM_UNAVAILABLE', false];
const UNAVAILABLE: Code = ['UPSTREAM_UNAVAILABLE', true];
const TIMEOUT: Code = ['UPSTREAM_TIMEOUT', true];
const BAD_RESPONSE: Code = ['UPSTREAM_BAD_RESPONSE', true];
/** A retry would get the same response. */
const FOREIGN_RESPONSE: Code = ['UPSTREAM_BAD_RESPONSE', false];

/** The address of a case's upstream, if it is not a working listener. */
export type Address =
  'closed port' | 'unresolvable host' | 'untrusted certificate' | 'silent TLS' | 'plain HTTP for TLS';

export interface FaultCase {
  readonly name: string;
  readonly address?: Address;
  /** Handles a new connection before anything is read. */
  readonly onConnection?: RawResponse;
  /** Handles every request. */
  readonly response: RawResponse;
  readonly ending: Ending;
  readonly code: Code;
  /** The status of upstream's response, which the error contains. */
  readonly status: number | null;
  /** The wait that upstream asks for, as in the error. */
  readonly retryAfterMs?: number | undefined;
  /** The operations with a different error; `done` if the operation succeeds. */
  readonly except: Partial<Readonly<Record<Operation, Code | 'done'>>>;
  /** Whether only the time-out ends an attempt. */
  readonly isSlow: boolean;
}

type Extra = Partial<Pick<FaultCase, 'address' | 'onConnection' | 'status' | 'retryAfterMs' | 'except' | 'isSlow'>>;

const fault = (name: string, response: RawResponse, ending: Ending, code: Code, extra: Extra = {}): FaultCase => ({
  status: null,
  except: {},
  isSlow: false,
  ...extra,
  name,
  response,
  ending,
  code,
});

const unreached = (address: Address, code: Code = UNAVAILABLE): FaultCase =>
  fault(address, raw.hang, 'NOT_SENT', code, { address, isSlow: address === 'silent TLS' });

/** A response with this status. */
const status = (
  code: number,
  ending: Ending,
  error: Code,
  { response = raw.status(code), ...extra }: Extra & { readonly response?: RawResponse } = {},
): FaultCase => fault(`status ${code}`, response, ending, error, { status: code, ...extra });

const onCollection = (code: Code): Extra => ({ except: { list: code, create: code } });
const elsewhere = (code: number): RawResponse => raw.status(code, [['location', '/elsewhere']]);
const outOfCredits = (code: number): RawResponse => raw.json(code, { message: 'Your credit balance is too low.' });

export const faults: readonly FaultCase[] = [
  // NOT_SENT: DNS, refused, connect or TLS failure.
  unreached('closed port'),
  unreached('unresolvable host'),
  unreached('untrusted certificate'),
  unreached('plain HTTP for TLS'),
  unreached('silent TLS', TIMEOUT),

  // REJECTED: 400, 401, 402, 403, 404, 409, 410, 413, 422, 429 and every other 4xx but 408.
  status(400, 'REJECTED', REJECTED_INPUT),
  status(401, 'REJECTED', UNAUTHENTICATED),
  status(402, 'REJECTED', NO_CREDITS),
  status(403, 'REJECTED', FORBIDDEN),
  { ...status(403, 'REJECTED', NO_CREDITS, { response: outOfCredits(403) }), name: 'status 403, out of credits' },
  status(404, 'REJECTED', NOT_FOUND, onCollection(SUNSET)),
  status(409, 'REJECTED', CONFLICT),
  status(410, 'REJECTED', NOT_FOUND, onCollection(SUNSET)),
  status(413, 'REJECTED', FOREIGN_RESPONSE),
  status(418, 'REJECTED', FOREIGN_RESPONSE),
  status(422, 'REJECTED', REJECTED_INPUT),
  status(429, '429', SLOW_DOWN),
  {
    ...status(429, '429', SLOW_DOWN, { response: raw.status(429, [['retry-after', '1']]), retryAfterMs: 1000 }),
    name: 'status 429 with Retry-After',
  },
  { ...status(429, '429', NO_CREDITS, { response: outOfCredits(429) }), name: 'status 429, out of credits' },
  fault('status 401 with a body that cannot be decoded', (socket) => {
    socket.write(raw.message(401, 'x', [['content-encoding', 'x-made-up']]));
  }, 'REJECTED', UNAUTHENTICATED, { status: 401 }), // prettier-ignore

  // UNKNOWN: any loss after the first byte was sent …
  fault('reset before a byte is read', raw.hang, 'UNKNOWN', UNAVAILABLE, {
    onConnection: (socket) => void setTimeout(() => socket.resetAndDestroy(), 20),
  }),
  fault('end before a response', raw.sendAndEnd(''), 'UNKNOWN', UNAVAILABLE),
  fault('reset before a response', raw.reset, 'UNKNOWN', UNAVAILABLE),
  fault('reset in the headers', raw.sendAndReset(raw.IN_HEADERS), 'UNKNOWN', UNAVAILABLE),
  fault('end in the headers', raw.sendAndEnd(raw.IN_HEADERS), 'UNKNOWN', UNAVAILABLE),
  fault('reset in a body with Content-Length', raw.sendAndReset(raw.HALF_WITH_LENGTH), 'UNKNOWN', BAD_RESPONSE),
  fault('end in a body with Content-Length', raw.sendAndEnd(raw.HALF_WITH_LENGTH), 'UNKNOWN', BAD_RESPONSE),
  // The response was complete as far as HTTP shows, so its status is known.
  fault('end in a body without Content-Length', raw.sendAndEnd(raw.HALF_WITHOUT_LENGTH), 'UNKNOWN', BAD_RESPONSE, {
    status: 200,
  }),
  fault('end in a chunked body', raw.sendAndEnd(raw.HALF_CHUNKED), 'UNKNOWN', BAD_RESPONSE),
  fault('reset in a chunked body', raw.sendAndReset(raw.HALF_CHUNKED), 'UNKNOWN', BAD_RESPONSE),
  // … a time-out …
  fault('no response', raw.hang, 'UNKNOWN', TIMEOUT, { isSlow: true }),
  fault('a byte at a time', raw.drip(raw.HALF_WITH_LENGTH), 'UNKNOWN', TIMEOUT, { isSlow: true }),
  fault('half a body and silence', raw.send(raw.HALF_WITH_LENGTH), 'UNKNOWN', TIMEOUT, { isSlow: true }),
  // … 408, 5xx …
  status(408, 'UNKNOWN', TIMEOUT),
  ...[500, 501, 502, 503, 504, 520, 599].map((code) => status(code, 'UNKNOWN', UNAVAILABLE)),
  // … an unreadable 2xx …
  ...(
    [
      ['truncated JSON', '{"id":"asst_1","obj'],
      ['HTML', '<!doctype html><title>Welcome</title>'],
      ['null', 'null'],
      ['an empty body', ''],
      ['an empty object', '{}'],
      ['a wrong shape', '{"id":7,"data":{},"deleted":"yes"}'],
      ['an error object', `{"error":{"message":"${raw.UPSTREAM_CANARY}"}}`],
      ['JSON of 30,000 levels', raw.DEEP_JSON],
      ['another assistant', JSON.stringify({ id: 'another', created_at: 1, model: 'm', deleted: true })],
    ] as const
  ).map(([name, body]) =>
    fault(`200 with ${name}`, raw.send(raw.message(200, body)), 'UNREADABLE', FOREIGN_RESPONSE, {
      status: 200,
      // Any id is valid in the response to a create.
      ...(name === 'another assistant' && { except: { create: 'done' } }),
    }),
  ),
  // A 204 is a success of a delete and of nothing else.
  fault('status 204', raw.send('HTTP/1.1 204 X\r\n\r\n'), 'UNREADABLE', FOREIGN_RESPONSE, {
    status: 204,
    except: { delete: 'done' },
  }),
  fault('a body of 64 MB', raw.huge('content-length: 67108864'), 'UNREADABLE', FOREIGN_RESPONSE),
  fault('a body of 64 MB without end', raw.huge('connection: close'), 'UNREADABLE', FOREIGN_RESPONSE),
  fault('a gzip bomb', raw.gzipBomb, 'UNREADABLE', FOREIGN_RESPONSE),
  fault('a made-up content-encoding', raw.unknownEncoding, 'UNREADABLE', FOREIGN_RESPONSE),
  fault('truncated gzip', raw.truncatedGzip, 'UNREADABLE', FOREIGN_RESPONSE),
  // … what is not HTTP, or not of this API …
  fault('bytes that are not HTTP', raw.send('SSH-2.0-OpenSSH_9.9\r\n'), 'UNKNOWN', BAD_RESPONSE),
  fault('headers of 64 KB', raw.oversizedHeaders, 'UNKNOWN', BAD_RESPONSE),
  fault('two lengths', raw.send(raw.message(200, '{}', [['content-length', '7']])), 'UNKNOWN', BAD_RESPONSE),
  fault('status 100 without Expect', raw.send('HTTP/1.1 100 Continue\r\n\r\n'), 'UNKNOWN', BAD_RESPONSE),
  fault('status 101 without Upgrade', raw.send('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'), 'UNKNOWN', BAD_RESPONSE), // prettier-ignore
  status(600, 'UNREADABLE', FOREIGN_RESPONSE),
  // … a redirect, which is never followed.
  ...[301, 302, 303, 307, 308].map((code) => status(code, 'REDIRECT', FOREIGN_RESPONSE, { response: elsewhere(code) })),
  status(304, 'REDIRECT', FOREIGN_RESPONSE, { response: raw.send('HTTP/1.1 304 X\r\n\r\n') }),
];

/** The result of one operation under a fault. */
export interface Result extends Effort {
  readonly code: PublicErrorCode | null;
  readonly retryable: boolean | null;
  readonly status: number | null;
}

/** The result that the contract requires. */
export function expectedResult(
  { ending, code, except, status: upstreamStatus }: FaultCase,
  operation: Operation,
): Result {
  const reported = except[operation] ?? code;
  if (reported === 'done')
    return { code: null, retryable: null, status: null, attempts: 1, readBacks: 0, outcome: null };
  const made = retries[ending][operation];
  const [ownCode, retryable] = made.outcome === 'UNKNOWN' ? (['OUTCOME_UNKNOWN', false] as const) : reported;
  return { ...made, code: ownCode, retryable, status: upstreamStatus };
}
