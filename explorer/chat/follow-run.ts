/** Follows a run until it has ended, through lost connections. */
import { ChatFollowRunDocument, type ChatFollowRunSubscription } from './generated/graphql.ts';
import { ConnectionLostError, GraphQLError, type GraphQLClient } from './graphql-client.ts';

export type RunEvent = ChatFollowRunSubscription['runEvents'];

interface FollowOptions {
  readonly threadId: string;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  /** Called with true when the connection is lost, and with false when events come again. */
  readonly onReconnect: (isReconnecting: boolean) => void;
}

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 5000;

/** Resolves when the run has ended or `signal` is aborted. Throws a GraphQLError that is not worth another try. */
export async function followRun(client: GraphQLClient, options: FollowOptions): Promise<void> {
  const { threadId, runId, signal, onEvent, onReconnect } = options;
  let after: string | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  let hasEnded = false;
  const isAborted = (): boolean => signal.aborted;
  while (!isAborted()) {
    try {
      for await (const { runEvents } of client.subscribe(ChatFollowRunDocument, { threadId, runId, after }, signal)) {
        after = runEvents.cursor;
        pauseMs = FIRST_PAUSE_MS;
        onReconnect(false);
        hasEnded = runEvents.__typename === 'RunStateEvent' && runEvents.run.hasEnded;
        onEvent(runEvents);
      }
      // A stream that completes without the end of the run was cut, for example by a service that stops.
      if (!hasEnded) throw new ConnectionLostError();
      return;
    } catch (error) {
      if (hasEnded || isAborted()) return;
      const isWorthAnotherTry =
        error instanceof ConnectionLostError || (error instanceof GraphQLError && error.isRetryable);
      if (!isWorthAnotherTry) throw error;
      onReconnect(true);
      await pause(pauseMs, signal);
      pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2);
    }
  }
}

/** Ends early when the browser is online again, or when `signal` is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}
