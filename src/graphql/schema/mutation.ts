/**
 * Maps failed writes of mutations: a user error if the client can fix it, a top-level error otherwise.
 */
import type { GraphQLResolveInfo } from 'graphql';
import { PublicError } from '../../runtime/errors.ts';
import { toInputPath } from './input-path.ts';
import type { Payload } from './payload.type.ts';
import { UserError } from './user-error.ts';

/** Determines why a write was rejected; may read upstream. Null if the default mapping applies. */
type Diagnosis = (error: PublicError) => Promise<UserError | null>;

interface MutationRun<Written> {
  readonly info: GraphQLResolveInfo;
  /** What is wrong with the input. */
  readonly userErrors: readonly UserError[];
  readonly write: () => Promise<Written | UserError>;
  readonly diagnose?: Diagnosis;
}

/**
 * Runs the write of a mutation whose only argument is `input`. Resolves to a user error if upstream does not have the id
 * (NOT_FOUND) or rejects the input (REJECTED_BY_UPSTREAM). `diagnose` may replace that user error. Rejects with every
 * other error. The loader sets the outcome of every write that it sent, so a PublicError without one is NOT_APPLIED.
 */
export async function catchUserErrors<T>(
  info: GraphQLResolveInfo,
  write: () => Promise<T>,
  diagnose: Diagnosis = () => Promise.resolve(null),
): Promise<T | UserError> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    if (error.code === 'NOT_FOUND') return (await tryDiagnosis(diagnose, error)) ?? notFound();
    if (error.code === 'BAD_USER_INPUT') {
      // What this service found itself needs no diagnosis.
      const diagnosed = error.details.problem === undefined ? await tryDiagnosis(diagnose, error) : null;
      return diagnosed ?? rejected(error, info);
    }
    throw error.details.outcome ? error : error.withOutcome('NOT_APPLIED');
  }
}

/**
 * The payload of a mutation: with `userErrors` if its input is invalid, otherwise with the result of `write`, which may be
 * a user error as well. Errors as in {@link catchUserErrors}.
 */
export async function runMutation<Written, P extends Payload>(
  payloadType: new (written: Written | null, userErrors?: readonly UserError[]) => P,
  { info, userErrors, write, diagnose }: MutationRun<Written>,
): Promise<P> {
  if (userErrors.length > 0) return new payloadType(null, userErrors);
  const written = await catchUserErrors(info, write, diagnose);
  return written instanceof UserError ? new payloadType(null, [written]) : new payloadType(written);
}

/** If the read fails, the cause stays open. The write was rejected in any case. */
async function tryDiagnosis(diagnose: Diagnosis, error: PublicError): Promise<UserError | null> {
  try {
    return await diagnose(error);
  } catch (readError) {
    if (readError instanceof PublicError) return null;
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
