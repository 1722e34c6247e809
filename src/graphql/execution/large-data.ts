/** The data of a response that is too large to be written at once: its root fields as JSON. */
import type { ExecutionResult } from 'graphql';
import { writeJson, WrittenJson, type ResponseBudget } from './json-writer.ts';

class LargeData {
  readonly fields: ReadonlyMap<string, WrittenJson>;

  constructor(fields: ReadonlyMap<string, WrittenJson>) {
    this.fields = fields;
  }

  /** For `JSON.stringify`, which needs the time and memory for all of it. */
  toJSON(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.fields].map(([key, written]) => [key, written.toJSON()]));
  }
}

/** Writes the root fields that are not written. Typed as graphql-js types data. Rejects with a ResponseTooLargeError. */
export async function toLargeData(
  data: Readonly<Record<string, unknown>>,
  budget: ResponseBudget,
): Promise<NonNullable<ExecutionResult['data']>> {
  const fields = new Map<string, WrittenJson>();
  for (const [key, value] of Object.entries(data)) {
    // With the colon and the comma.
    budget.bytes -= Buffer.byteLength(JSON.stringify(key)) + 2;
    fields.set(key, value instanceof WrittenJson ? value : await writeJson(value, budget));
  }
  // All readers read it through JSON.
  return new LargeData(fields) as unknown as NonNullable<ExecutionResult['data']>;
}

interface WritableResult {
  readonly data?: unknown;
  readonly errors?: readonly object[] | undefined;
}

/** The response as JSON if its data is large, null otherwise. Contains data and errors only. */
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
