/** Loads a thread. Its selected lists are read at the same time; if nothing else is selected, they show whether it exists. */
import {
  getArgumentValues,
  isObjectType,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { PublicError } from '../../runtime/errors.ts';
import type { ListQuery } from '../../aiml/resource.ts';
import { toListQuery, toPageRequest, type PageArguments } from '../schema/pagination.ts';
import { selectedFields } from '../schema/selected-fields.ts';
import type { RequestContext } from '../server/request-context.ts';
import { Thread } from './thread.type.ts';

/** Null if upstream does not have it. `id` has passed requireIds. `info`: of the field that returns the thread. */
export async function loadThread(
  upstream: RequestContext['upstream'],
  id: string,
  info: GraphQLResolveInfo,
): Promise<Thread | null> {
  const type = info.schema.getType('Thread');
  if (!isObjectType(type)) throw new TypeError('The schema has no type Thread.');
  const lists: Promise<unknown>[] = [];
  let isRead = false;
  for (const node of selectedFields(info, type)) {
    const name = node.name.value;
    const loader = name === 'messages' ? upstream.messages(id) : name === 'runs' ? upstream.runs(id) : null;
    if (!loader) isRead ||= name !== 'id' && name !== '__typename';
    else {
      const { query, isFiltered } = readArguments(node, type, info);
      // A list of an unknown run may be a 404 as well.
      if (isFiltered) isRead = true;
      else if (query) lists.push(loader.prefetch(query));
    }
  }
  if (lists.length === 0) isRead = true;
  const [thread, ...areMissing] = await Promise.all([
    isRead ? upstream.threads.load(id) : referTo(id),
    ...lists.map(isMissingParent),
  ]);
  return thread && (isRead || !areMissing.includes(true)) ? new Thread(thread) : null;
}

/** `query` is null if the arguments are invalid, which the resolver of the list reports. */
function readArguments(
  node: FieldNode,
  type: GraphQLObjectType,
  { variableValues }: GraphQLResolveInfo,
): { query: ListQuery | null; isFiltered: boolean } {
  const definition = type.getFields()[node.name.value];
  if (!definition) throw new TypeError('The type Thread has no such field.');
  try {
    const values: unknown = getArgumentValues(definition, node, variableValues);
    const { runId, ...args } = values as PageArguments & { runId?: string | null };
    return { query: toListQuery(toPageRequest(args)), isFiltered: runId !== undefined && runId !== null };
  } catch {
    return { query: null, isFiltered: false };
  }
}

/** A thread of which nothing but the id is selected. */
const referTo = (id: string): ConstructorParameters<typeof Thread>[0] => ({
  id,
  created_at: 0,
  tool_resources: null,
  metadata: {},
});

const isMissingParent = (list: Promise<unknown>): Promise<boolean> =>
  list.then(
    () => false,
    (error: unknown) => error instanceof PublicError && error.code === 'NOT_FOUND',
  );
