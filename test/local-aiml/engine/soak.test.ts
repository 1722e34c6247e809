import { expect, test } from '@jest/globals';
import { amountOf } from '../../support/slow.ts';
import { until } from '../../support/until.ts';
import { createFolder, startProcess } from '../support.ts';
import { ConversationClient } from './conversation-client.ts';
import { collectEvents, namesOf } from './event-stream.ts';
import { readFile } from 'node:fs/promises';

const RUNS = amountOf('SOAK_RUNS', { fast: 0, slow: 1_000 });
const AT_A_TIME = 20;
/** The heap may grow by this after the warm-up, because garbage is not collected at once. */
const GROWTH_MB = 48;

const soak = RUNS > 0 ? test : test.skip;

soak(
  `${RUNS} runs with followers leave the memory of the process as it was`,
  async () => {
    const running = startProcess({ DATA_DIR: await createFolder() });
    const client = new ConversationClient(await running.url);
    const assistantId = await client.createAssistant();
    const run = async (): Promise<void> => {
      const start = () => client.start('/words 200\n/slow 1', assistantId);
      // An idle connection may be closed at the moment when it is used again.
      const created = await start().catch(start);
      const [events] = await Promise.all([
        collectEvents(client.eventsUrl(created)),
        collectEvents(client.eventsUrl(created)),
      ]);
      expect(namesOf(events).slice(-2)).toEqual(['thread.run.completed', 'done']);
    };
    const runMany = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += AT_A_TIME) await Promise.all(Array.from({ length: AT_A_TIME }, run));
    };
    const residentMb = async (): Promise<number> => {
      const status = await readFile(`/proc/${running.child.pid ?? 0}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    };
    const ended = running.exit.then(({ code, stderr }) => {
      throw new Error(`the process ended with ${code}: ${stderr}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ended, runMany(RUNS / 2)]);
    const before = await residentMb();
    await Promise.race([ended, runMany(RUNS / 2)]);
    // When garbage is collected is up to Node.js: with a leak, more runs take more memory still.
    await until(async () => {
      if ((await residentMb()) - before < GROWTH_MB) return true;
      await Promise.race([ended, runMany(AT_A_TIME)]);
      return false;
    });
  },
  60_000 + RUNS * 1_000,
);
