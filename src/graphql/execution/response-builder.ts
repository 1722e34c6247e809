/**
 * Builds the response of an operation from the results of its root fields, in order. A small response is completed in one
 * turn. Once it is large, it is written in parts, and at most two responses are written at a time.
 */
import { isNonNullType, type ExecutionResult, type GraphQLError } from 'graphql';
import { JsonWriter, MAX_RESPONSE_BYTES, ResponseTooLargeError, writeJson, type WrittenJson } from './json-writer.ts';
import { acquireLargeResponse } from '../../runtime/large-responses.ts';
import { toLargeData } from './large-data.ts';
import type { Plan, RootField } from './plan.ts';
import type { Replay } from './replay.ts';
import type { ResolverResult } from './resolved-object.ts';
import type { Meter } from './value-plan.ts';
import type { Variables } from './variables.ts';

/** Of `{"data":{}}`. */
const BYTES_AROUND_DATA = 11;
/** A list is written in batches, each of this part of what may be completed at once. */
const BATCHES_AT_ONCE = 32;
/** There are at most 300 errors, and none of them is long. */
const BYTES_FOR_ERRORS = 1024 * 1024;

interface ResponseBuilderOptions {
  readonly plan: Plan;
  readonly replay: Replay;
  readonly variables: Variables;
  /** A longer response is written in parts; in about characters of JSON. */
  readonly maxLengthAtOnce: number;
}

export class ResponseBuilder {
  /** A non-null field failed: data is null, and no further field is added. */
  isNull = false;
  readonly #options: ResponseBuilderOptions;
  readonly #data: Record<string, unknown> = {};
  readonly #errors: GraphQLError[] = [];
  readonly #meter: Meter;
  readonly #budget = { bytes: MAX_RESPONSE_BYTES - BYTES_AROUND_DATA };
  #isLarge = false;

  constructor(options: ResponseBuilderOptions) {
    this.#options = options;
    this.#meter = { left: options.maxLengthAtOnce };
  }

  /**
   * Adds the next field of the plan; null for the result of `__typename`. To be waited for where it returns a promise,
   * which may reject with a ResponseTooLargeError.
   */
  add(field: RootField, result: ResolverResult | null): Promise<void> | null {
    if (result?.status !== 'rejected' && !this.#isLarge) {
      try {
        const value = field.plan.complete(result?.value, this.#meter);
        if (this.#meter.left >= 0) {
          this.#data[field.key] = value;
          return null;
        }
      } catch {
        // The value is unexpected or too large. Both are detected again below.
      }
      if (this.#meter.left < 0) this.#isLarge = true;
    }
    return this.#addSlowly(field, result);
  }

  /** The response, once every field was added, or there is none. May reject with a ResponseTooLargeError. */
  end(): ExecutionResult | Promise<ExecutionResult> {
    if (this.isNull) return { errors: this.#errors, data: null };
    if (this.#isLarge) return this.#endLarge();
    return this.#errors.length > 0 ? { errors: this.#errors, data: this.#data } : { data: this.#data };
  }

  async #addSlowly(field: RootField, result: ResolverResult | null): Promise<void> {
    try {
      this.#data[field.key] =
        (result?.status !== 'rejected' && this.#isLarge ? await this.#write(field, result?.value) : null) ??
        (await this.#replay(field, result));
    } catch (error) {
      throw error instanceof ResponseTooLargeError ? new ResponseTooLargeError(field.key) : error;
    }
  }

  /** Null if the value does not match its type. */
  async #write({ plan }: RootField, value: unknown): Promise<WrittenJson | null> {
    const release = await acquireLargeResponse();
    const { bytes } = this.#budget;
    try {
      const writer = new JsonWriter(this.#budget, this.#options.maxLengthAtOnce / BATCHES_AT_ONCE);
      await plan.write(value, writer);
      return writer.end();
    } catch (error) {
      if (error instanceof ResponseTooLargeError) throw error;
      this.#budget.bytes = bytes;
      return null;
    } finally {
      release();
    }
  }

  /** Completes the field with graphql-js. */
  async #replay({ key, nodes, type }: RootField, result: ResolverResult | null): Promise<unknown> {
    if (result === null) throw new TypeError('there is always a __typename');
    const { plan, replay, variables } = this.#options;
    const replayed = await replay(plan, key, nodes, result, variables, this.#budget);
    const { data, errors = [] } = replayed.result;
    this.#errors.push(...errors);
    const value: unknown = data?.[key] ?? null;
    if (value === null && isNonNullType(type)) this.isNull = true;
    this.#meter.left -= replayed.length;
    if (this.#meter.left >= 0 && !this.#isLarge) return value;
    this.#isLarge = true;
    return this.#writeJson(value);
  }

  async #writeJson(value: unknown): Promise<WrittenJson> {
    const release = await acquireLargeResponse();
    try {
      return await writeJson(value, this.#budget);
    } finally {
      release();
    }
  }

  async #endLarge(): Promise<ExecutionResult> {
    const data = await toLargeData(this.#data, this.#budget);
    if (this.#budget.bytes < (this.#errors.length > 0 ? BYTES_FOR_ERRORS : 0))
      throw new ResponseTooLargeError(this.#options.plan.fields[0]?.key);
    return this.#errors.length > 0 ? { errors: this.#errors, data } : { data };
  }
}
