import type { UpstreamRequest } from '../aiml/upstream-request.ts';
import type { Unfinished } from './execution/executor.ts';

/** What a caller may be allowed to do. */
export type Scope = 'assistants:read' | 'assistants:write';

/** The public members of a class and of what its methods return, so that a test can stand in for them. */
type Public<T> = { readonly [Name in keyof T]: PublicMember<T[Name]> };
type PublicMember<M> = M extends (...parameters: infer Parameters) => infer Result
  ? (
      ...parameters: Parameters
    ) => Result extends Promise<unknown> ? Result : Result extends object ? Pick<Result, keyof Result> : Result
  : M extends object
    ? Pick<M, keyof M>
    : M;

/** What a resolver may know of the request it serves. Made once per request, never shared. */
export interface RequestContext {
  /** As in the X-Request-Id header of the response. */
  readonly requestId: string;
  /** Reads and writes with the credential of this request. Throws an AimlError where the caller is not known. */
  readonly upstream: Public<UpstreamRequest>;
  /** The result of the operation, where it ran before Apollo Server was asked: it is not run again then. */
  readonly unfinished?: Unfinished | null;
  /** Throws an AimlError where the caller is not known or lacks the scope. */
  authorize(scope: Scope): void;
}
