/** Owns how much memory the states of a followed run take. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { WireRun } from '../resources/run.ts';

/**
 * The run, with the values of `previous` where they are equal. Instructions, tools, metadata and the response format may take
 * megabytes, and upstream repeats them with each state.
 */
export function shareUnchanged(run: WireRun, previous: WireRun): WireRun {
  return {
    ...run,
    instructions: sameOr(run.instructions, previous.instructions),
    tools: sameOr(run.tools, previous.tools),
    metadata: sameOr(run.metadata, previous.metadata),
    response_format: sameOr(run.response_format, previous.response_format),
  };
}

const sameOr = <T>(value: T, previous: T): T => (isDeepStrictEqual(value, previous) ? previous : value);

/** The memory that `run` takes beside `previous`, in bytes. */
export function addedBytes(run: WireRun, previous: WireRun): number {
  let bytes = 0;
  for (const name of Object.keys(run) as (keyof WireRun)[])
    if (run[name] !== previous[name]) bytes += estimateBytes(run[name]);
  return bytes;
}

const BYTES_PER_VALUE = 16;

/** The memory of JSON, in bytes: two for each UTF-16 code unit of its text. */
export function estimateBytes(value: unknown): number {
  if (typeof value === 'string') return BYTES_PER_VALUE + 2 * value.length;
  if (typeof value !== 'object' || value === null) return BYTES_PER_VALUE;
  let bytes = BYTES_PER_VALUE;
  if (Array.isArray(value)) for (const item of value) bytes += estimateBytes(item);
  else
    for (const name in value)
      bytes += 2 * name.length + estimateBytes((value as Readonly<Record<string, unknown>>)[name]);
  return bytes;
}
