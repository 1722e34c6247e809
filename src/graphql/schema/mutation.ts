/**
 * What a mutation makes of a failed write: data where the caller can fix it, a top-level error otherwise.
 */
import type { GraphQLResolveInfo } from 'graphql';
import { PublicError } from '../../runtime/errors.ts';
import { toInputPath } from './input-path.ts';
import { UserError } from './user-error.ts';

/** Finds out what a rejected write means. Null where it is nothing special. May read upstream; what it throws counts. */
export type Diagnosis = (error: PublicError) => Promise<UserError | null>;

/**
 * Runs what a mutation does with its one argument `input`. Resolves to a user error where upstream does not have the id
 * (NOT_FOUND) or rejects the input (REJECTED_BY_UPSTREAM); rejects with everything else. `diagnose` is asked first, with an
 * error of one of these two kinds. The loader reports the outcome of every write that it began, so an error of the family
 * without one came before anything was applied.
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
    if (error.code === 'BAD_USER_INPUT') return (await tryDiagnosis(diagnose, error)) ?? rejected(error, info);
    throw error.details.outcome ? error : error.withOutcome('NOT_APPLIED');
  }
}

/** A read that fails leaves the cause open; the write is known to be rejected all the same. */
async function tryDiagnosis(diagnose: Diagnosis, error: PublicError): Promise<UserError | null> {
  try {
    return await diagnose(error);
  } catch (readError) {
    if (readError instanceof PublicError) return null;
    throw readError;
  }
}

/** Upstream has nothing with the id that stands in `field` of the input. */
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
