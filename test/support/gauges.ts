// The resources that the service holds for requests, from its metrics.
import { expect } from '@jest/globals';
import { until } from './until.ts';

const NAMES = ['assistants_operations_in_flight', 'assistants_request_body_bytes', 'assistants_unsent_response_bytes'];

export interface Gauges {
  readonly inFlight: number;
  readonly bodyBytes: number;
  readonly unsentBytes: number;
}

/** Without the response that contains the metrics. */
export async function readGauges(url: string): Promise<Gauges> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [inFlight = NaN, bodyBytes = NaN, unsentBytes = NaN] = NAMES.map((name) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]),
  );
  return { inFlight, bodyBytes, unsentBytes };
}

/** Waits until all gauges are zero. Throws with those that are not. */
export async function expectNothingHeld(url: string): Promise<void> {
  let gauges = await readGauges(url);
  await until(async () => {
    gauges = await readGauges(url);
    return Object.values(gauges).every((value) => value === 0);
  }).catch(() => undefined);
  expect(gauges).toEqual({ inFlight: 0, bodyBytes: 0, unsentBytes: 0 });
}

/** The gauges of streams, by transport. */
export async function readOpenStreams({ url }: { readonly url: string }): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^assistants_streams_open\{transport="(\w+)"\} (\d+)$/gm)].map(([, name, count]) => [
      name ?? '',
      Number(count),
    ]),
  );
}
