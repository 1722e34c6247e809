/** The scope check behind `@Authorized` on the root fields. */
import { OperationTypeNode } from 'graphql';
import type { AuthChecker } from 'type-graphql';
import { PublicError } from '../../runtime/errors.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';

/**
 * Throws instead of returning false, so that the error names the missing scope. It is an arrow function because
 * type-graphql instantiates every function that has a prototype as a class.
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
