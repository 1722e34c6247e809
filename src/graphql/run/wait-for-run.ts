/** Waits for a run within a mutation. */
import { PublicError } from '../../runtime/errors.ts';
import { hasEnded, type WireRun } from '../../aiml/resources/run.ts';
import type { RequestContext } from '../server/request-context.ts';

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 2000;

/**
 * Resolves to the run once it has ended or requires action, or to its last state after `seconds`. The wait ends before the
 * deadline of the operation, so that the payload can still be sent. If this process reads the stream of the run, its events
 * are used; any other run is polled. `isStale`: whether a state is older than `run`. A failed read ends the wait, because the
 * mutation was applied.
 */
export async function waitForRun(
  upstream: RequestContext['upstream'],
  run: WireRun,
  seconds: number,
  isStale: (state: WireRun) => boolean = () => false,
): Promise<WireRun> {
  const isOver = (state: WireRun): boolean => !isInProgress(state) && !isStale(state);
  const until = Math.min(performance.now() + seconds * 1000, upstream.deadlineAt - SLOWEST_POLL_MS);
  let current = run;
  for (let delayMs = FIRST_POLL_MS; isInProgress(current); delayMs = Math.min(delayMs * 1.5, SLOWEST_POLL_MS)) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return current;
    const waitMs = Math.min(delayMs, leftMs);
    const live = upstream.findStreamedRun(run);
    if (live && !isStale(live.run)) current = live.run;
    if (!isInProgress(current)) return current;
    await waitForChange(live, waitMs, isOver);
    if (upstream.findStreamedRun(run) !== null) continue;
    if (live && isOver(live.run)) return live.run;
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

/** Resolves once the run is over, or after `waitMs`. */
function waitForChange(live: Live, waitMs: number, isOver: (state: WireRun) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      unlisten?.();
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    const unlisten = live?.listen(() => {
      if (isOver(live.run)) end();
    });
  });
}

const isInProgress = ({ status }: WireRun): boolean => !hasEnded(status) && status !== 'requires_action';
