/** Owns the query parameters of lists: which there are, and what they may be. */
import type { ListQuery } from '../store/store.ts';
import { invalid, parameterError } from './api-error.ts';
import { outOfRange } from './validation.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

type Query = Readonly<Record<string, unknown>>;

/** Reads the parameters of a list; ones that the API does not have are left alone. Throws an ApiError of 400. */
export function readListQuery(query: Query): ListQuery {
  return {
    limit: readLimit(query['limit']),
    order: readOrder(query['order']),
    after: readText(query['after'], 'after'),
    before: readText(query['before'], 'before'),
  };
}

function readLimit(value: unknown): number {
  if (value === undefined) return DEFAULT_LIMIT;
  if (typeof value !== 'string' || !/^-?\d{1,9}$/.test(value))
    throw invalid('limit', `an integer from 1 to ${MAX_LIMIT}`);
  const limit = Number(value);
  if (limit > MAX_LIMIT) throw outOfRange('limit', 'integer', limit, 'maximum', MAX_LIMIT);
  if (limit < 1) throw outOfRange('limit', 'integer', limit, 'minimum', 1);
  return limit;
}

function readOrder(value: unknown): 'asc' | 'desc' {
  if (value === undefined) return 'desc';
  if (value !== 'asc' && value !== 'desc') throw invalid('order', "'asc' or 'desc'");
  return value;
}

/** A parameter that may be there once. */
export function readText(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, 'one value');
}

const INCLUDABLE = 'step_details.tool_calls[*].file_search.results[*].content';

/** Checks `include[]`: its only value includes results of file searches, which no run here has. */
export function checkInclude(query: Query): void {
  const values = [query['include[]'], query['include']].flat().filter((value) => value !== undefined);
  if (values.some((value) => value !== INCLUDABLE))
    throw parameterError('include', `Invalid value for 'include'. Supported values are: '${INCLUDABLE}'.`);
}
