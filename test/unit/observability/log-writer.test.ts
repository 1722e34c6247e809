// The writer on a real pipe, in a process whose output the test reads on demand. Needs the build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { cleanUpLater } from '../../support/cleanup.ts';

const MODULE = pathToFileURL(resolve('dist/observability/log-writer.js')).href;

/** Runs `body`, which can use `writer` on standard output and `report` values. */
function run(body: string) {
  const script = `
    import { LogWriter } from '${MODULE}';
    const writer = new LogWriter(1);
    const report = (value) => process.send(value);
    const resumed = new Promise((resolve) => process.once('message', resolve));
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const closed = once(child, 'close');
  cleanUpLater(() => {
    child.stdout?.destroy();
    child.kill('SIGKILL');
    return closed;
  });
  let text = '';
  return {
    child,
    nextReport: async () => ((await once(child, 'message')) as [Record<string, number>])[0],
    read: () => void child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)),
    lines: async () => {
      await closed;
      return text.trimEnd().split('\n');
    },
  };
}

test('holds a bounded number of entries while its pipe is full, and writes them and later ones in order', async () => {
  const writing = run(`
    for (let index = 0; index < 200_000; index += 1) {
      writer.write(index + ' ' + 'x'.repeat(500) + '\\n');
      if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    report({ dropped: writer.droppedEntries, rss: process.memoryUsage().rss });
    await resumed;
    await writer.flush(30_000);
    writer.write('later\\n');
    await writer.flush(30_000);
    process.exit(0);`);
  const { dropped = 0, rss } = await writing.nextReport();
  expect(dropped).toBeGreaterThan(190_000);
  expect(rss).toBeLessThan(150 * 1024 * 1024);
  writing.read();
  writing.child.send('resume');
  const lines = await writing.lines();
  expect(lines).toHaveLength(200_000 - dropped + 1);
  expect(lines.at(-1)).toBe('later');
  const indices = lines.slice(0, -1).map((line) => Number(/^(\d+) x{500}$/.exec(line)?.[1]));
  expect(indices).toEqual(indices.toSorted((left, right) => left - right));
  expect(indices[0]).toBe(0);
});

test('gives up a flush of a full pipe after its time-out', async () => {
  const writing = run(`
    for (let index = 0; index < 1000; index += 1) writer.write('x'.repeat(500) + '\\n');
    await writer.flush(200);
    writer.flushSync(200);
    report({ dropped: writer.droppedEntries });
    process.exit(3);`);
  await writing.nextReport();
  expect((await once(writing.child, 'exit'))[0]).toBe(3);
});

test('writes everything at a synchronous flush', async () => {
  const writing = run(`
    for (let index = 0; index < 50; index += 1) writer.write(index + '\\n');
    writer.flushSync(10_000);
    process.exit(0);`);
  writing.read();
  expect(await writing.lines()).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
});
