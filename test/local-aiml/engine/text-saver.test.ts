import { expect, test } from '@jest/globals';
import { LiveMessage } from '../../../src/local-aiml/engine/live-runs.ts';
import { TextSaver } from '../../../src/local-aiml/engine/text-saver.ts';
import { NotificationQueue } from '../../../src/local-aiml/engine/streams/notification-queue.ts';
import type { MessageProgress, WorkStore } from '../../../src/local-aiml/store/work-store.ts';
import { until } from '../../support/until.ts';

const RUNS = 100;
const messageOf = (index: number): LiveMessage => new LiveMessage(`msg_${index}`);
const claimOf = (index: number) => ({ runId: `run_${index}`, attempt: 1 });

/** Records the saves and the lost runs. */
function createSaver(saveTexts: (progress: readonly MessageProgress[]) => Promise<ReadonlySet<string>>) {
  const lost: string[] = [];
  const saver = new TextSaver(
    { saveTexts } as Pick<WorkStore, 'saveTexts'> as WorkStore,
    (runId) => lost.push(runId),
    () => undefined,
  );
  return { saver, lost };
}

test('The texts of all runs are saved in one transaction, at most once every 250 ms', async () => {
  const saves: { readonly at: number; readonly count: number }[] = [];
  const { saver } = createSaver((progress) => {
    saves.push({ at: performance.now(), count: progress.length });
    return Promise.resolve(new Set());
  });
  const messages = Array.from({ length: RUNS }, (_, index) => messageOf(index));
  await until(() => {
    for (const [index, message] of messages.entries()) {
      message.append('text', 'word ');
      saver.mark(claimOf(index), message);
    }
    return saves.length >= 3;
  });
  expect(saves.map(({ count }) => count)).toEqual([RUNS, RUNS, RUNS]);
  const gaps = saves.slice(1).map(({ at }, index) => at - (saves[index]?.at ?? 0));
  // A timer of Node.js may be early by the length of the turn of the event loop in which it was set.
  expect(Math.min(...gaps)).toBeGreaterThan(230);
  await saver.flush();
});

test('Large texts are saved in transactions of their own, and what has ended meanwhile is left out', async () => {
  const saves: string[][] = [];
  const { saver } = createSaver((progress) => {
    saves.push(progress.map(({ messageId }) => messageId));
    saver.forget(claimOf(3));
    return Promise.resolve(new Set());
  });
  for (const [index, length] of [100_000, 100_000, 100_000, 200_000, 10, 900_000].entries()) {
    const message = messageOf(index);
    message.append('text', 'a'.repeat(length));
    saver.mark(claimOf(index), message);
  }
  await saver.flush();
  expect(saves).toEqual([['msg_0', 'msg_1'], ['msg_2', 'msg_4'], ['msg_5']]);
});

test('A failed save is repeated, together with later text', async () => {
  const saved: string[] = [];
  let failures = 1;
  const { saver, lost } = createSaver((progress) => {
    if (failures-- > 0) return Promise.reject(new Error('the disk is full'));
    saved.push(JSON.stringify(progress[0]?.content));
    return Promise.resolve(new Set(['run_0']));
  });
  const message = messageOf(0);
  message.append('text', 'Hel');
  saver.mark(claimOf(0), message);
  await saver.flush();
  expect(saved).toEqual([]);
  message.append('text', 'lo');
  await until(() => saved.length > 0);
  expect([saved[0], lost]).toEqual([expect.stringContaining('"Hello"'), ['run_0']]);
});

test('Notifications yield to other work after some milliseconds, and keep their order', async () => {
  const queue = new NotificationQueue();
  const done: number[] = [];
  let otherWork = 0;
  for (let index = 0; index < 10; index++)
    queue.add(() => {
      const endAt = performance.now() + 3;
      while (performance.now() < endAt);
      done.push(index);
    });
  const count = (): void => {
    otherWork++;
    if (done.length < 10) setTimeout(count, 0);
  };
  setTimeout(count, 0);
  await until(() => done.length === 10);
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(otherWork).toBeGreaterThan(2);
});

test('What a worker marked stays when the worker that lost the run to it ends', async () => {
  const saved: MessageProgress[] = [];
  const { saver } = createSaver((progress) => {
    saved.push(...progress);
    return Promise.resolve(new Set());
  });
  const lost = claimOf(0);
  const held = { ...lost, attempt: 2 };
  saver.mark(lost, messageOf(0));
  saver.mark(held, messageOf(1));
  saver.forget(lost);
  await saver.flush();
  expect(saved.map(({ claim }) => claim)).toEqual([held]);
});
