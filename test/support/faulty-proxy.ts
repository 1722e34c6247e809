// An HTTP proxy in front of a real AIML API. It loses requests and responses, cuts them off and invents errors. Which
// fault a request gets depends on the seed and on the number of requests before it.
import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';
import { createRandom } from './random.ts';

export interface FaultyProxy {
  readonly url: string;
  /** The number of times each fault happened. */
  readonly happened: ReadonlyMap<string, number>;
}

type Fault = (pass: (onResponse: (from: IncomingMessage) => void) => void, to: ServerResponse) => void;

const respond = (to: ServerResponse, status: number): void => {
  to.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end('{"message":"made up"}');
};
const reset = (to: ServerResponse): void => void to.socket?.resetAndDestroy();

/** In percent of all requests. The sum is well below what opens the circuit breaker. */
const FAULTS: readonly (readonly [name: string, percent: number, fault: Fault])[] = [
  ['reset, nothing done', 4, (_pass, to) => reset(to)],
  ['503, nothing done', 2, (_pass, to) => respond(to, 503)],
  ['429, nothing done', 3, (_pass, to) => respond(to, 429)],
  ['done, then reset', 5, (pass, to) => pass((from) => void from.resume().on('end', () => reset(to)))],
  ['done, then 500', 3, (pass, to) => pass((from) => void from.resume().on('end', () => respond(to, 500)))],
  [
    'done, then cut in the midst',
    4,
    (pass, to) =>
      pass((from) => {
        to.writeHead(from.statusCode ?? 200, from.headers);
        from.once('data', (chunk: Buffer) => to.write(chunk.subarray(0, chunk.length / 2), () => reset(to)));
      }),
  ],
];

export async function startFaultyProxy(upstream: string, seed: number): Promise<FaultyProxy> {
  const random = createRandom(seed);
  const happened = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const pass = (onResponse: (from: IncomingMessage) => void) => {
        const forwarded = sendRequest(`${upstream}${url ?? ''}`, { method, headers }, onResponse);
        forwarded.on('error', () => response.destroy());
        forwarded.end(Buffer.concat(chunks));
      };
      let left = random.next() * 100;
      const chosen = FAULTS.find(([, percent]) => (left -= percent) < 0);
      if (chosen) {
        happened.set(chosen[0], (happened.get(chosen[0]) ?? 0) + 1);
        chosen[2](pass, response);
        return;
      }
      pass((from) => {
        response.writeHead(from.statusCode ?? 200, from.headers);
        from.pipe(response);
        response.on('close', () => from.destroy());
      });
    });
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, happened };
}
