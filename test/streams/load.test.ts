// Many concurrent streams in a process that may use 512 MB.
import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { mapAtMost } from '../support/at-most.ts';
import { listeningUrl, runProcess } from '../support/process.ts';
import { followUntilCompleted, startRun, textsOf } from '../support/run-events.ts';
import { query } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpLater } from '../support/cleanup.ts';

const RUNS = 200;
const STREAMS_PER_RUN = 5;
const WORDS = 500;

/** The peak memory of the process in megabytes. Linux only. */
async function peakMemoryMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

slowTest(
  '1,000 streams of 200 live runs at 50 tokens a second need less than 512 MB, and each has the complete text',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'load-'));
    cleanUpLater(() => rm(folder, { recursive: true, force: true }));
    const aiml = await listeningUrl(runProcess({ DATA_DIR: folder }, { entry: 'local-aiml/main.js' }));
    const process = runProcess({ UPSTREAM: 'aiml', AIML_API_KEY: 'key', AIML_API_BASE_URL: aiml });
    const url = await listeningUrl(process);
    const service = { query: (document: string, variables?: unknown) => query(url, document, variables) };
    const runs = await mapAtMost(20, Array.from({ length: RUNS }), () =>
      startRun(service, `/slow 20\n/words ${WORDS}`),
    );
    const texts = await Promise.all(
      runs.flatMap((run) =>
        Array.from({ length: STREAMS_PER_RUN }, async () => {
          const events = await followUntilCompleted(url, run);
          expect(events.at(-1)?.event).toBe('thread.run.completed');
          return [...textsOf(events).values()].join('');
        }),
      ),
    );
    expect(texts).toHaveLength(RUNS * STREAMS_PER_RUN);
    expect(new Set(texts.map((text) => text.split(/\s+/).length))).toEqual(new Set([WORDS]));
    expect(await peakMemoryMb(process.child.pid)).toBeLessThan(512);
    await until(async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return /^assistants_streams_open\{transport="sse"\} 0$/m.test(metrics);
    });
  },
  900_000,
);
