/**
 * Before any measurement: checks that every server responds correctly to every workload, sequentially and concurrently.
 */
import { isDeepStrictEqual } from 'node:util';
import { request } from 'undici';
import { expectedBody, expectedData } from './expected.ts';
import { restOf, type Numbers } from './load/requests.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream/client.ts';
import type { Workload } from './workloads.ts';

const IN_A_ROW = 3;
const SIDE_BY_SIDE = 32;

/** Throws if a response is wrong. */
export async function verify(server: Server, workload: Workload, upstream: Upstream, numbers: Numbers): Promise<void> {
  for (let count = 0; count < IN_A_ROW; count += 1) {
    const n = numbers.take(workload.numbers);
    const response = await send(server, workload, n);
    compare(server, workload, n, response, (await upstream.counters()).lastCreated);
  }
  // The id of one create among several concurrent ones is unknown; the load checks those responses.
  if (workload.name === 'W5') return;
  const isNew = (index: number) => index % 2 === 0;
  const shared = numbers.take(workload.numbers);
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async (_, index) => {
      const n = isNew(index) ? numbers.take(workload.numbers) : shared;
      compare(server, workload, n, await send(server, workload, n), '');
    }),
  );
}

async function send({ protocol, url }: Server, workload: Workload, n: number): Promise<unknown> {
  const { method, target, body } = restOf(workload, protocol, n, url.pathname);
  const response = await request(new URL(target, url), {
    method,
    headers: { accept: 'application/json', ...(body !== null && { 'content-type': 'application/json' }) },
    body: body === null ? null : JSON.stringify(body),
  });
  const text = await response.body.text();
  if (response.statusCode !== (protocol === 'rest' ? workload.restStatus : 200))
    throw new Error(`status ${response.statusCode}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

function compare(
  { name, protocol }: Server,
  workload: Workload,
  n: number,
  response: unknown,
  createdId: string,
): void {
  const expected =
    protocol === 'rest' ? expectedBody(workload, n, createdId) : { data: expectedData(workload, n, createdId) };
  if (isDeepStrictEqual(response, JSON.parse(JSON.stringify(expected)))) return;
  throw new Error(
    `${name} responds wrongly to ${workload.name}\nexpected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(response)}`,
  );
}
