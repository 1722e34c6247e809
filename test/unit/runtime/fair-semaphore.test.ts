import { expect, test } from '@jest/globals';
import { CancellationToken } from '../../../src/runtime/cancellation.ts';
import { Semaphore, type Release } from '../../../src/runtime/semaphore.ts';

const LONG_MS = 60_000;

/** Records who was granted a permit, and holds the permit. */
function setUp(capacity: number, isMultiTenant = true) {
  const queue = new Semaphore(capacity, isMultiTenant);
  const granted: { tenant: string; release: Release }[] = [];
  const send = async (tenant: string, cancellation = new CancellationToken(), maxWaitMs = LONG_MS) => {
    const release = await queue.acquire(1, { tenant, maxWaitMs, cancellation });
    if (release) granted.push({ tenant, release });
    return release !== null;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { queue, granted, ask: send, turn, tenants: () => granted.map(({ tenant }) => tenant).join('') };
}

test('waiting tenants get permits in turn, even if one of them has many waiting requests', async () => {
  const { granted, ask: send, turn, tenants } = setUp(2);
  const cancellation = new CancellationToken();
  const all = [send('x'), send('y'), ...Array.from({ length: 6 }, () => send('a', cancellation)), send('b'), send('c')];
  await turn();
  expect(tenants()).toBe('xy');
  for (let index = 0; index < 6; index += 1) {
    granted[index]?.release();
    await turn();
  }
  expect(tenants().slice(0, 6)).toMatch(/^xyabc?a?/);
  expect(tenants().slice(2)).toContain('b');
  expect(tenants().slice(2, 7)).toContain('c');
  cancellation.cancel();
  for (const { release } of granted) release();
  await Promise.all(all);
});

test('one tenant leaves permits to the others', async () => {
  const { granted, ask: send, turn, tenants } = setUp(8);
  const cancellation = new CancellationToken();
  const all = [send('b'), ...Array.from({ length: 20 }, () => send('a', cancellation))];
  await turn();
  expect(tenants()).toBe('baaaa');
  all.push(send('b'), send('c'));
  await turn();
  expect(tenants()).toBe('baaaabc');
  cancellation.cancel();
  for (const { release } of granted) release();
  await Promise.all(all);
});

test('a cancelled or timed-out waiter gets no permit and does not delay the others', async () => {
  const { granted, ask: send, turn, tenants } = setUp(1, false);
  await send('a');
  const cancellation = new CancellationToken();
  const given = send('b', cancellation);
  const late = send('c', new CancellationToken(), 1);
  expect(await late).toBe(false);
  cancellation.cancel();
  expect(await given).toBe(false);
  const last = send('d');
  granted[0]?.release();
  expect(await last).toBe(true);
  expect(tenants()).toBe('ad');
  granted[1]?.release();
  await turn();
  expect(await send('e')).toBe(true);
});
