/**
 * Runs graphql-js for operations without a plan, with two limits that it does not have: items of long lists are completed a
 * few in each turn of the event loop, and execution fails if the response becomes too large.
 */
import { nextTurn } from '../../runtime/turn-queue.ts';
import {
  execute,
  getNamedType,
  isLeafType,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql';
import { jsonLength, ResponseTooLargeError, SHORT_VALUE_LENGTH, type ResponseBudget } from './json-writer.ts';
import { resultOf } from './resolved-object.ts';

/** Shorter lists are completed in one turn, unless the turn is used up. */
const SHORT_LIST = 10;
/** The number of fields that are completed in one turn: a few milliseconds of work. */
const FIELDS_PER_TURN = 2000;
/** Further errors are dropped: each takes longer than a field. */
const MAX_ERRORS = 300;

export interface MeasuredResult {
  readonly result: ExecutionResult;
  /** The approximate length of the response, in characters. */
  readonly length: number;
}

/** Rejects with a ResponseTooLargeError if the response is certainly larger than `budget`. */
export async function executeWithLimits(args: ExecutionArgs, budget: ResponseBudget): Promise<MeasuredResult> {
  const limiter = new ExecutionLimiter(budget.bytes);
  const { data, errors, ...rest } = await Promise.race([
    execute({ ...args, fieldResolver: limiter.resolve }),
    limiter.exceeded,
  ]);
  const result = {
    ...rest,
    ...(data !== undefined && { data }),
    ...(errors && { errors: errors.slice(0, MAX_ERRORS) }),
  };
  return { result, length: limiter.length };
}

type Path = GraphQLResolveInfo['path'];

/** Of a leaf's JSON, or of a list of leaves, and a little more than nothing of everything else. */
function lengthOf(value: unknown, type: GraphQLOutputType): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null && isLeafType(getNamedType(type)) ? jsonLength(value) : 0;
}

/** A property with objects that have results is a result itself, as in other places it has others. */
function propertyOf(source: unknown, name: string, { key }: Path): unknown {
  if (typeof source !== 'object' || source === null) return undefined;
  const result = resultOf(source, String(key));
  return result?.status === 'fulfilled' ? result.value : (source as Readonly<Record<string, unknown>>)[name];
}

/** Resolves properties. Yields the items of long lists one by one. */
class ExecutionLimiter {
  /** Rejects once the response is too large. What is not completed then never is. */
  readonly exceeded: Promise<never>;
  length = 0;
  readonly #maxLength: number;
  readonly #waiting: (() => void)[] = [];
  #reject: (reason: Error) => void = () => undefined;
  #isExceeded = false;
  #isRunning = false;
  #fields = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
    this.exceeded = new Promise<never>((_resolve, reject) => {
      this.#reject = reject;
    });
    // The execution may win the race; then nothing else handles this rejection.
    this.exceeded.catch(() => undefined);
  }

  readonly resolve: GraphQLFieldResolver<unknown, unknown> = (
    source,
    _args,
    _context,
    { fieldName, path, returnType },
  ) => {
    const value = propertyOf(source, fieldName, path);
    this.#fields += 1;
    this.length += String(path.key).length + SHORT_VALUE_LENGTH + lengthOf(value, returnType);
    if (this.length > this.#maxLength && !this.#isExceeded) this.#exceed(path);
    if (!Array.isArray(value) || (value.length <= SHORT_LIST && this.#fields < FIELDS_PER_TURN)) return value;
    return value.map((item: unknown) => this.#next(item));
  };

  #exceed(path: Path): void {
    this.#isExceeded = true;
    this.#waiting.length = 0;
    let root = path;
    while (root.prev) root = root.prev;
    this.#reject(new ResponseTooLargeError(String(root.key)));
  }

  #next(item: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      if (this.#isExceeded) return;
      this.#waiting.push(() => resolve(item));
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // The loop also reaches entries that are added while it runs.
    for (const release of this.#waiting) {
      if (this.#fields >= FIELDS_PER_TURN) {
        await nextTurn();
        this.#fields = 0;
      }
      release();
      // graphql-js completes the item before the next one is released.
      await Promise.resolve();
      await Promise.resolve();
    }
    this.#waiting.length = 0;
    this.#isRunning = false;
  }
}
