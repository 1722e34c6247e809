/**
 * What a mutation makes of a failed write: data where the caller can mend it, a top-level error otherwise.
 */
import type { GraphQLResolveInfo } from 'graphql';
import { AimlError } from '../aiml/errors.ts';
import { toInputPath } from './input-path.ts';
import { UserError } from './user-error.ts';

/**
 * Runs what a mutation does with its one argument `input`. Resolves to a user error where upstream does not have the id
 * (NOT_FOUND) or refuses the input (REJECTED_BY_UPSTREAM); rejects with everything else. The loader tells the outcome of
 * every write that it began, so an error of the family without one came before anything was applied.
 */
export async function attemptWrite<T>(info: GraphQLResolveInfo, write: () => Promise<T>): Promise<T | UserError> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof AimlError)) throw error;
    if (error.code === 'NOT_FOUND') return notFound();
    if (error.code === 'BAD_USER_INPUT') return rejected(error, info);
    throw error.details.outcome ? error : error.withOutcome('NOT_APPLIED');
  }
}

export const notFound = (): UserError =>
  new UserError('NOT_FOUND', ['input', 'id'], 'The AIML API has nothing with the given "id".');

function rejected({ details: { reason, param } }: AimlError, info: GraphQLResolveInfo): UserError {
  const input = info.parentType.getFields()[info.fieldName]?.args.find(({ name }) => name === 'input');
  const field = input && param ? toInputPath(param, input.name, input.type) : null;
  return new UserError('REJECTED_BY_UPSTREAM', field, reason ?? 'The AIML API refused the input and gave no reason.');
}
