/** What a client has seen of a run that it followed in another process. */
import { toCursorPart, toRunState, type RunCursor } from './cursor.ts';
import type { Transition } from './run-event.ts';

export const isStep = (transition: Transition, { step }: RunCursor): boolean =>
  transition.kind === 'step' && toCursorPart(transition.step.id) === step.id;

/**
 * Which transitions a cursor of another process has seen, derived from ids, states and order. Those of another process may be
 * all that happened, or a snapshot that begins with the current state of the run.
 */
export function findSeen(transitions: readonly Transition[], after: RunCursor): ReadonlySet<number> {
  const lastMessage = findLastSeen(
    transitions,
    (each) => each.kind === 'message' && toCursorPart(each.message.id) === after.message.id,
    (each) => each.kind === 'message' && (!each.isEnd || toCursorPart(each.message.status) === after.message.status),
  );
  const lastStep = findLastSeen(
    transitions,
    (each) => isStep(each, after),
    (each) => each.kind === 'step' && toCursorPart(each.step.status) === after.step.status,
  );
  const seen = transitions.flatMap(({ kind }, index) =>
    (kind === 'message' && index <= lastMessage) || (kind === 'step' && index <= lastStep) ? [index] : [],
  );
  return new Set([...seen, ...findSeenRuns(transitions, new Set(seen), after)]);
}

/**
 * The last transition of the cursor's object that it has seen, or the one before that object began; -1 if the object is not
 * known. What precedes it was seen as well.
 */
function findLastSeen(
  transitions: readonly Transition[],
  isObject: (transition: Transition) => boolean,
  isSeen: (transition: Transition) => boolean,
): number {
  const first = transitions.findIndex(isObject);
  return Math.max(
    first - 1,
    transitions.findLastIndex((each) => isObject(each) && isSeen(each)),
  );
}

/** `seen`: the transitions of steps and messages that the cursor has seen. */
function findSeenRuns(
  transitions: readonly Transition[],
  seen: ReadonlySet<number>,
  { runState }: RunCursor,
): readonly number[] {
  const runs: { readonly index: number; readonly state: string }[] = [];
  /** The last transition that the cursor has seen for certain. */
  let lastSeen = -1;
  let hasUnseen = false;
  for (const [index, transition] of transitions.entries())
    if (transition.kind === 'run') {
      const state = toRunState(transition.run);
      runs.push({ index, state });
      if (!hasUnseen && state === runState) lastSeen = index;
    } else if (seen.has(index)) lastSeen = index;
    else if (transition.kind !== 'unknown') hasUnseen = true;
  const current = runs.at(-1);
  return runs
    .filter((each) => each.index <= lastSeen && (each !== current || each.state === runState))
    .map(({ index }) => index);
}
