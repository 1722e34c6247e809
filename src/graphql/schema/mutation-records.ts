/** Records what mutations returned, for the log: the codes of user errors, and the ids of what was written. */
import type { GraphQLSchema } from 'graphql';
import { isUpstreamId } from '../../aiml/wire.ts';
import type { RequestContext } from '../server/request-context.ts';
import { Payload } from './payload.type.ts';

/** Wraps the resolvers of all mutations: what a payload holds is known whether or not the client selects it. */
export function recordMutations(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (!resolve) throw new TypeError(`The mutation ${field.name} has no resolver.`);
    field.resolve = async (source, args, context: RequestContext, info) => {
      const payload: unknown = await resolve(source, args, context, info);
      if (payload instanceof Payload) record(payload, context);
      return payload;
    };
  }
}

function record(payload: Payload, context: RequestContext): void {
  for (const { code } of payload.userErrors) context.recordUserError?.(code);
  if (payload.userErrors.length > 0) return;
  for (const [name, value] of Object.entries(payload) as readonly (readonly [string, unknown])[]) {
    const id = name.startsWith('deleted') ? value : idOf(value);
    // Upstream may send any text as an id.
    if (typeof id === 'string' && isUpstreamId(id)) context.recordWrite?.(id);
  }
}

const idOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
