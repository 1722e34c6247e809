/** Who may ask for what: the check behind `@Authorized` on the root fields. */
import { OperationTypeNode } from 'graphql';
import type { AuthChecker } from 'type-graphql';
import { PublicError } from '../../runtime/errors.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';

/**
 * Refuses by throwing an error of its own, so that the caller learns which scope is missing. An arrow function, as
 * type-graphql takes everything with a prototype for a class.
 */
export const authChecker: AuthChecker<RequestContext, Scope> = ({ context, info }, scopes) => {
  try {
    for (const scope of scopes) context.authorize(scope);
    return true;
  } catch (error) {
    throw info.operation.operation === OperationTypeNode.MUTATION && error instanceof PublicError
      ? error.withOutcome('NOT_APPLIED')
      : error;
  }
};
