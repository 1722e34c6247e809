/** Owns the query parameters of the list: which there are, and what they may be. */
import { invalid } from './api-error.ts';
import type { ListQuery } from './store.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** Reads the parameters of a list; ones that the API does not have are left alone. Throws an ApiError of 400. */
export function readListQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  return {
    limit: readLimit(query['limit']),
    order: readOrder(query['order']),
    after: readCursor(query['after'], 'after'),
    before: readCursor(query['before'], 'before'),
  };
}

function readLimit(value: unknown): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw invalid('limit', `an integer from 1 to ${MAX_LIMIT}`);
  return limit;
}

function readOrder(value: unknown): 'asc' | 'desc' {
  if (value === undefined) return 'desc';
  if (value !== 'asc' && value !== 'desc') throw invalid('order', 'asc or desc');
  return value;
}

function readCursor(value: unknown, name: 'after' | 'before'): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw unknownCursor(name);
  return value;
}

export const unknownCursor = (name: 'after' | 'before') => invalid(name, 'the id of an assistant');
