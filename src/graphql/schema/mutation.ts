/**
 * Runs mutations. A failed write is a user error if the client can fix it, a top-level error otherwise. Records for the log
 * what the mutations returned.
 */
import {
  getNullableType,
  isInputObjectType,
  isListType,
  type GraphQLInputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { isUpstreamId } from '../../aiml/wire.ts';
import { PublicError } from '../../runtime/errors.ts';
import type { RequestContext } from '../server/request-context.ts';
import { Payload, UserError } from './payload.type.ts';

interface MutationRun<Written> {
  readonly info: GraphQLResolveInfo;
  /** What is wrong with the input. */
  readonly userErrors: readonly UserError[];
  /** Null if upstream does not have the id. */
  readonly write: () => Promise<Written | readonly UserError[] | null>;
  /** Finds the id that upstream does not have, for NOT_FOUND. By default it is `id`. */
  readonly findMissing?: () => Promise<UserError>;
  /** Determines why upstream rejected the input; may read upstream. Null if its reason is all that is known. */
  readonly diagnose?: (reason: string | null) => Promise<UserError | null>;
}

/**
 * The payload of a mutation whose only argument is `input`: with `userErrors` if its input is invalid, otherwise with the
 * result of `write`, which may be user errors as well. A write of an id that upstream does not have (NOT_FOUND) and an input
 * that it rejects (REJECTED_BY_UPSTREAM, or what `diagnose` finds) are user errors. Rejects with every other error. The loader
 * sets the outcome of every write that it sent, so a PublicError without one is NOT_APPLIED.
 */
export async function runMutation<Written extends object | string, P extends Payload>(
  payloadType: new (written: Written | null, userErrors?: readonly UserError[]) => P,
  mutation: MutationRun<Written>,
): Promise<P> {
  const { userErrors, write, findMissing = () => Promise.resolve(notFound()) } = mutation;
  if (userErrors.length > 0) return new payloadType(null, userErrors);
  try {
    const written = (await write()) ?? [await findMissing()];
    return isList(written) ? new payloadType(null, written) : new payloadType(written);
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    if (error.code === 'NOT_FOUND') return new payloadType(null, [await findMissing()]);
    if (error.code === 'BAD_USER_INPUT') return new payloadType(null, [await toUserError(error, mutation)]);
    throw error.details.outcome ? error : error.withOutcome('NOT_APPLIED');
  }
}

const isList = (written: unknown): written is readonly UserError[] => Array.isArray(written);

async function toUserError(error: PublicError, { info, diagnose }: MutationRun<unknown>): Promise<UserError> {
  try {
    // What this service found itself needs no diagnosis.
    const diagnosed = error.details.problem === undefined ? await diagnose?.(error.details.reason ?? null) : null;
    return diagnosed ?? rejected(error, info);
  } catch (readError) {
    // The cause stays open. The write was rejected in any case.
    if (readError instanceof PublicError) return rejected(error, info);
    throw readError;
  }
}

/** For an id in `field` of the input that upstream does not have. */
export const notFound = (field = 'id'): UserError =>
  new UserError('NOT_FOUND', ['input', field], `The AIML API has nothing with the given "${field}".`);

function rejected({ details: { reason, param, problem } }: PublicError, info: GraphQLResolveInfo): UserError {
  const input = info.parentType.getFields()[info.fieldName]?.args.find(({ name }) => name === 'input');
  const field = input && param ? toInputPath(param, input.name, input.type) : null;
  return new UserError(
    problem ?? 'REJECTED_BY_UPSTREAM',
    field,
    reason ?? 'The AIML API rejected the input and gave no reason.',
  );
}

/** Reads `tools[0].function.name` and `tools.0.function.name` alike. No real index has more than five digits. */
const SEGMENT = /[A-Za-z_]+|\d{1,5}/g;

/**
 * Converts upstream's name of a parameter to a path below `root`, as far as the input type has such fields. Null if it does not
 * have the first segment. The path stops at scalars, because the keys of a map are values of the client. An id of the URL's
 * path, such as `message_id`, is `id` in the input of that object.
 */
export function toInputPath(param: string, root: string, rootType: GraphQLInputType): readonly string[] | null {
  const path = [root];
  let type = getNullableType(rootType);
  for (const [segment] of param.matchAll(SEGMENT)) {
    if (isListType(type) && /^\d/.test(segment)) {
      path.push(segment);
      type = getNullableType(type.ofType);
      continue;
    }
    const name = segment.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const fields = isInputObjectType(type) ? type.getFields() : null;
    const field = fields?.[name] ?? (path.length === 1 && name.endsWith('Id') ? fields?.['id'] : undefined);
    if (!field) break;
    path.push(field.name);
    type = getNullableType(field.type);
  }
  return path.length > 1 ? path : null;
}

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
