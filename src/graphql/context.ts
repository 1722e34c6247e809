import type { AssistantLoader } from '../aiml/loaders.ts';
import type { Unfinished } from './execution/executor.ts';

/** What a caller may be allowed to do. */
export type Scope = 'assistants:read' | 'assistants:write';

/** What a resolver may know of the request it serves. Made once per request, never shared. */
export interface RequestContext {
  /** As in the X-Request-Id header of the answer. */
  readonly requestId: string;
  /** Reads and writes assistants with the credential of this request; only what the loader promises, not its class. */
  readonly assistants: Pick<AssistantLoader, keyof AssistantLoader>;
  /** What a run of the operation came to, where it was run before Apollo Server was asked: it is not run again then. */
  readonly unfinished?: Unfinished | null;
  /** Throws an AimlError where the caller is not known or lacks the scope. */
  authorize(scope: Scope): void;
}
