/** Waits for a run within a mutation. */
import { PublicError } from '../../runtime/errors.ts';
import { hasEnded, type WireRun } from '../../aiml/resources/run.ts';
import type { RequestContext } from '../server/request-context.ts';

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 2000;

/**
 * The run once it has ended or requires action, or as it is after `seconds`. It ends before the deadline of the operation,
 * so that the payload can still be sent. A run whose stream is read here is waited for there, and any other is polled. A
 * read that fails ends the wait with what is known: the mutation was applied.
 */
export async function waitForRun(
  upstream: RequestContext['upstream'],
  run: WireRun,
  seconds: number,
): Promise<WireRun> {
  const until = Math.min(performance.now() + seconds * 1000, upstream.deadlineAt - SLOWEST_POLL_MS);
  let current = run;
  for (let delayMs = FIRST_POLL_MS; isMoving(current); delayMs = Math.min(delayMs * 1.5, SLOWEST_POLL_MS)) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return current;
    const waitMs = Math.min(delayMs, leftMs);
    const live = upstream.findStreamedRun(run);
    if (live) current = live.run;
    if (!isMoving(current)) return current;
    await waitForChange(live, waitMs);
    if (upstream.findStreamedRun(run) !== null) continue;
    if (live && !isMoving(live.run)) return live.run;
    try {
      current = (await upstream.runs(run.thread_id).reload(run.id)) ?? current;
    } catch (error) {
      if (error instanceof PublicError) return current;
      throw error;
    }
  }
  return current;
}

type Live = ReturnType<RequestContext['upstream']['findStreamedRun']>;

/** Resolves once the run does not move any more, or after `waitMs`. */
function waitForChange(live: Live, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      unlisten?.();
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    const unlisten = live?.listen(() => {
      if (!isMoving(live.run)) end();
    });
  });
}

const isMoving = ({ status }: WireRun): boolean => !hasEnded(status) && status !== 'requires_action';
