/**
 * Turns of the event loop for work that is too long to be done at once. All such work of the process shares them, one part
 * in each turn, so that however many do it, whoever waits for the event loop waits for one part.
 */
const waiting: (() => void)[] = [];
let isScheduled = false;

/** Resolves in a later turn of the event loop, in the order of the calls, at most one in each. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
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

/** Larger texts, in bytes, are worth a turn of their own to be parsed in. */
const LARGE_TEXT = 64 * 1024;

/** Whether a text is to be parsed in a {@link nextTurn} of its own. */
export const needsTurn = (text: { readonly length: number }): boolean => text.length > LARGE_TEXT;
