/** The data of a response that is too large to be written at once: its root fields, each written already. */
import type { ExecutionResult } from 'graphql';
import { Semaphore, type Release } from '../../runtime/semaphore.ts';
import type { WrittenJson } from './json-writer.ts';

/** Each of them holds what it writes, and the process is to stay within its memory. */
const largeResponses = new Semaphore(2);

/** To be waited for before a part of a large response is written. */
export const acquireLargeResponse = (): Promise<Release> => largeResponses.acquire();

class LargeData {
  readonly fields: ReadonlyMap<string, WrittenJson>;

  constructor(fields: ReadonlyMap<string, WrittenJson>) {
    this.fields = fields;
  }

  /** For whoever writes it with `JSON.stringify`, which takes its time and the memory for all of it. */
  toJSON(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.fields].map(([key, written]) => [key, written.toJSON()]));
  }
}

/** As graphql-js types data, which a class is not: everything that reads it reads it through JSON. */
export const toData = (fields: ReadonlyMap<string, WrittenJson>): NonNullable<ExecutionResult['data']> =>
  new LargeData(fields) as unknown as NonNullable<ExecutionResult['data']>;

/** How many bytes of JSON a root field takes beside its value, with the comma before the next one. */
export const bytesOfKey = (key: string): number => Buffer.byteLength(JSON.stringify(key)) + 2;

interface WritableResult {
  readonly data?: unknown;
  readonly errors?: readonly object[] | undefined;
}

/** A response as JSON where its data is large; null where it is not. Other parts of it than errors are left out. */
export function toLargeBody({ data, errors }: WritableResult): Buffer | null {
  if (!(data instanceof LargeData)) return null;
  const parts: Buffer[] = [Buffer.from(`{${errors ? `"errors":${JSON.stringify(errors)},` : ''}"data":{`)];
  let separator = '';
  for (const [key, { chunks }] of data.fields) {
    parts.push(Buffer.from(`${separator}${JSON.stringify(key)}:`), ...chunks);
    separator = ',';
  }
  return Buffer.concat([...parts, Buffer.from('}}')]);
}
