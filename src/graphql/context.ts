import type { DocumentNode, ExecutionResult } from 'graphql';
import type { UpstreamRequest } from '../aiml/upstream-request.ts';
import type { StreamHost } from './server/subscription.ts';

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

/** An operation of a document that is valid. */
export interface ExecutionRequest {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What a resolver may know of the request it serves. Made once per request, never shared. */
export interface RequestContext {
  /** As in the X-Request-Id header of the response. */
  readonly requestId: string;
  /** Reads and writes with the credential of this request. Throws an AimlError where the caller is not known. */
  readonly upstream: Public<UpstreamRequest>;
  /** Executes what Apollo Server found valid; the executor of the server does where it is left out. */
  readonly execute?: ((request: ExecutionRequest) => Promise<ExecutionResult>) | undefined;
  /** Gets the body of a response that is too large to be written at once; Apollo Server writes it where it is left out. */
  readonly respondWith?: ((body: Buffer) => void) | undefined;
  /** Gets the results of a subscription; null or absent where the response cannot be a stream. */
  readonly streamHost?: StreamHost | null;
  /** Throws an AimlError where the caller is not known or lacks the scope. */
  authorize(scope: Scope): void;
}
