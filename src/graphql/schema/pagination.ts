/**
 * Pagination of upstream's lists: the arguments, their validation, and PageInfo.
 *
 * Upstream's lists have three forms (see `src/aiml/wire.ts`): with `has_more`, without it, and bare arrays. Upstream's
 * own `before` is ill-defined, so backward pages are read forward in the opposite order. A cursor is the id of its node.
 */
import { ArgsType, Field, Int } from 'type-graphql';
import { PublicError } from '../../runtime/errors.ts';
import type { ListQuery } from '../../aiml/resource.ts';
import { isUpstreamId } from '../../aiml/wire.ts';
import { ServiceError } from '../errors/codes.ts';
import { createEnum, NullableField, SimpleObjectType } from './decorators.ts';

const MAX_SIZE = 100;
const DEFAULT_SIZE = 20;

export const SortOrder = createEnum('SortOrder', 'Sort direction by creation time.', {
  asc: 'Oldest first.',
  desc: 'Newest first.',
});
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder];

/** The arguments of every page but its order. It is not a type of the schema. */
@ArgsType()
abstract class PageBounds {
  @NullableField(() => Int, `How many nodes from the start of the list, or after \`after\`: 1 to ${MAX_SIZE}.`)
  declare readonly first?: number | null;

  @NullableField(() => String, 'The cursor after which the page starts. Goes with `first`.')
  declare readonly after?: string | null;

  @NullableField(() => Int, `How many nodes from the end of the list, or before \`before\`: 1 to ${MAX_SIZE}.`)
  declare readonly last?: number | null;

  @NullableField(() => String, 'The cursor before which the page ends. Goes with `last`.')
  declare readonly before?: string | null;
}

/** For lists that are newest first by default. */
@ArgsType()
export class PageArguments extends PageBounds {
  @Field(() => SortOrder, { defaultValue: SortOrder.DESC, description: 'Sort direction by creation time.' })
  declare readonly order: SortOrder;
}

/** For lists that are oldest first by default. */
@ArgsType()
export class OldestFirstPageArguments extends PageBounds {
  @Field(() => SortOrder, { defaultValue: SortOrder.ASC, description: 'Sort direction by creation time.' })
  declare readonly order: SortOrder;
}

@SimpleObjectType('The position of a page in its list.')
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether nodes follow after this page.' })
  readonly hasNextPage: boolean;

  @Field(() => Boolean, { description: 'Whether nodes precede this page.' })
  readonly hasPreviousPage: boolean;

  @NullableField(() => String, 'The cursor of the first node, null if the page is empty.')
  readonly startCursor: string | null;

  @NullableField(() => String, 'The cursor of the last node, null if the page is empty.')
  readonly endCursor: string | null;

  constructor({ items, hasNextPage, hasPreviousPage }: Page<Item>) {
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
    this.startCursor = items[0]?.id ?? null;
    this.endCursor = items.at(-1)?.id ?? null;
  }
}

export interface PageRequest {
  /** Backward pages are read in the opposite order and reversed. */
  readonly isBackward: boolean;
  readonly size: number;
  /** Exclusive. Null for the start of the list, or for its end if the page is backward. */
  readonly cursor: string | null;
  readonly order: SortOrder;
}

export interface Item {
  readonly id: string;
}

export interface Page<T> {
  /** In the requested order. */
  readonly items: readonly T[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** The values of either class of arguments. */
export type PageArgumentValues = Pick<PageArguments, keyof PageArguments>;

/** Throws BAD_USER_INPUT with all problems in one message. An explicit null is the same as an omitted argument. */
export function toPageRequest({ first, after, last, before, order }: PageArgumentValues): PageRequest {
  const given = (value: unknown): boolean => value !== undefined && value !== null;
  const exclude = (one: string, other: string): string => `Arguments "${one}" and "${other}" exclude each other.`;
  const checks: readonly (readonly [isWrong: boolean, problem: string])[] = [
    [given(first) && given(last), exclude('first', 'last')],
    [given(first) && given(before), exclude('first', 'before')],
    [given(last) && given(after), exclude('last', 'after')],
    [given(after) && given(before), exclude('after', 'before')],
    [given(before) && !given(last) && !given(first) && !given(after), 'Argument "before" needs "last".'],
    [isWrongSize(first), `Argument "first" is out of range: 1 to ${MAX_SIZE}.`],
    [isWrongSize(last), `Argument "last" is out of range: 1 to ${MAX_SIZE}.`],
    [isWrongCursor(after), 'Argument "after" is not a cursor.'],
    [isWrongCursor(before), 'Argument "before" is not a cursor.'],
  ];
  const problems = checks.filter(([isWrong]) => isWrong).map(([, problem]) => problem);
  if (problems.length > 0) throw new ServiceError('BAD_USER_INPUT', problems.join(' '));
  return {
    isBackward: given(last),
    size: last ?? first ?? DEFAULT_SIZE,
    cursor: before ?? after ?? null,
    order,
  };
}

const isWrongSize = (size: number | null | undefined): boolean =>
  size !== undefined && size !== null && !(size >= 1 && size <= MAX_SIZE);

const isWrongCursor = (cursor: string | null | undefined): boolean =>
  cursor !== undefined && cursor !== null && !isUpstreamId(cursor);

export interface Slice<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean | null;
}

/**
 * Reads one page with one call of `list`. A second call is needed only after a full page of the largest size if upstream
 * does not report whether more follow. Rejects with the errors of `list`; the error about an unknown cursor names the
 * argument, and a list whose parent does not exist is BAD_USER_INPUT.
 */
export async function readPage<T extends Item>(
  request: PageRequest,
  list: (query: ListQuery) => Promise<Slice<T>>,
): Promise<Page<T>> {
  const { isBackward, size, cursor } = request;
  const query = toListQuery(request);
  const slice = await list(query).catch((error: unknown) => {
    throw error instanceof PublicError ? toListError(error, isBackward ? 'before' : 'after') : error;
  });
  // Upstream may ignore the limit.
  const items = slice.data.slice(0, size);
  const hasMore =
    slice.data.length > size ||
    // Nothing follows an empty page, whatever upstream says: it has no cursor to continue after.
    (items.length > 0 && (slice.hasMore ?? (size === MAX_SIZE && (await hasItemAfter(items, query.order, list)))));
  // The node of the cursor itself is on the other side of the page.
  const hasCursor = cursor !== null;
  return isBackward
    ? { items: items.toReversed(), hasNextPage: hasCursor, hasPreviousPage: hasMore }
    : { items, hasNextPage: hasMore, hasPreviousPage: hasCursor };
}

/** The list that readPage reads first. */
export const toListQuery = ({ isBackward, size, cursor, order }: PageRequest): ListQuery => ({
  limit: Math.min(size + 1, MAX_SIZE),
  order: isBackward ? opposite(order) : order,
  after: cursor,
});

/** Upstream's limit is the largest page, so the node after a full page needs a call of its own. */
async function hasItemAfter<T extends Item>(
  items: readonly T[],
  order: SortOrder,
  list: (query: ListQuery) => Promise<Slice<T>>,
): Promise<boolean> {
  const last = items[MAX_SIZE - 1];
  return last !== undefined && (await list({ limit: 1, order, after: last.id })).data.length > 0;
}

const opposite = (order: SortOrder): SortOrder => (order === SortOrder.ASC ? SortOrder.DESC : SortOrder.ASC);

/** `argument` has the cursor of the page. */
function toListError(error: PublicError, argument: string): PublicError {
  const { code, details } = error;
  if (code === 'BAD_USER_INPUT' && details.param === 'after') {
    const message = `Argument "${argument}" is a cursor that upstream does not know.`;
    return new PublicError({ ...details, message, reason: null, isUnknownCursor: true });
  }
  if (code !== 'NOT_FOUND') return error;
  // The object that has the list was deleted after it was read.
  const message = 'The AIML API no longer has the object that this list belongs to.';
  return new PublicError({ ...details, code: 'BAD_USER_INPUT', message });
}
