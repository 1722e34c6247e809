/** Waits for a run within a mutation. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AimlError } from '../../aiml/errors.ts';
import { hasEnded, type WireRun } from '../../aiml/resources/run.ts';
import type { RequestContext } from '../context.ts';

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 2000;

/**
 * The run once it has ended or requires action, or as it is after `seconds`. It ends before the deadline of the operation,
 * so that the payload can still be sent. A read that fails ends the wait with what is known: the mutation was applied.
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
    await sleep(Math.min(delayMs, leftMs));
    try {
      current = (await upstream.runs(run.thread_id).reload(run.id)) ?? current;
    } catch (error) {
      if (error instanceof AimlError) return current;
      throw error;
    }
  }
  return current;
}

const isMoving = ({ status }: WireRun): boolean => !hasEnded(status) && status !== 'requires_action';
