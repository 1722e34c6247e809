/**
 * Spreads long synchronous work over turns of the event loop. The queue is shared by the whole process and runs one part
 * per turn, so other events wait for one part at most.
 */
import { setImmediate } from 'node:timers';

const waiting: (() => void)[] = [];
let isScheduled = false;

/** Resolves in a later turn of the event loop, in order of the calls, one per turn. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    schedule();
  });

/** As {@link nextTurn}, before all that waits: for the rest of work that holds much memory until it is done. */
export const continueInNextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.unshift(resolve);
    schedule();
  });

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(() => {
    isScheduled = false;
    waiting.shift()?.();
    if (waiting.length > 0) schedule();
  });
}

/** Larger texts are parsed in a turn of their own, in bytes. */
const LARGE_TEXT = 64 * 1024;

/** Whether a text should be parsed after {@link nextTurn}. */
export const needsTurn = (text: { readonly length: number }): boolean => text.length > LARGE_TEXT;
