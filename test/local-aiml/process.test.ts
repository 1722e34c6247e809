// The stand-alone process. Needs the build.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { amountOf, slowTest } from '../support/slow.ts';
import { call, create, createFolder, idsOf, startHere, startProcess } from './support.ts';

describe('the process', () => {
  test('logs its URL and an example call, and exits with 0 on SIGTERM', async () => {
    const running = startProcess({ DATA_DIR: await createFolder() });
    const url = await running.url;
    expect((await call(url, 'GET /assistants')).status).toBe(200);
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.exit;
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      `The embedded AIML API is listening on ${url}`,
      expect.stringMatching(/^Try: curl -H 'Authorization: Bearer /),
      'Runs are executed by the built-in model, which is no AI.',
      '',
    ]);
  });

  slowTest('exits with 0 on SIGINT, also if it is sent twice', async () => {
    const running = startProcess({ DATA_DIR: await createFolder() });
    await running.url;
    running.child.kill('SIGINT');
    running.child.kill('SIGINT');
    expect((await running.exit).code).toBe(0);
  });

  test('prints its settings with --help', async () => {
    const { code, stdout } = await startProcess({}, { args: ['--help'] }).exit;
    expect(code).toBe(0);
    for (const name of ['PORT', 'HOST', 'DATA_DIR', 'MODEL_API_BASE_URL', 'MODEL_API_KEY', 'MODEL_ALIASES'])
      expect(stdout).toContain(name);
    expect(stdout).toMatch(/Any OpenAI client works on it.*\n +OPENAI_BASE_URL=http:\S+\/v1 OPENAI_API_KEY=/);
  });

  slowTest.each([
    ['PORT', 'SECRET'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['HOST', 'http://SECRET'],
  ])('reports an invalid %s (%s) in one line without its value, and exits with 1', async (name, value) => {
    const { code, stdout, stderr } = await startProcess({ DATA_DIR: await createFolder(), [name]: value }).exit;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^${name} [^\n]+\n$`));
    expect(stderr).not.toContain(value);
  });

  test('reports all invalid settings, each in one line', async () => {
    const settings = { PORT: 'SECRET', HOST: 'http://SECRET', RUN_CONCURRENCY: 'SECRET', MODEL_ALIASES: 'SECRET' };
    const { code, stderr } = await startProcess(settings).exit;
    expect(code).toBe(1);
    const names = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names.toSorted()).toEqual(Object.keys(settings).toSorted());
    expect(stderr).not.toContain('SECRET');
  });

  // Without a process of its own in store.test.ts.
  slowTest('reports in one line that its folder cannot be used, and exits with 1', async () => {
    const file = join(await createFolder(), 'SECRET');
    await writeFile(file, '');
    const { code, stderr } = await startProcess({ DATA_DIR: join(file, 'data') }).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^DATA_DIR [^\n]+\n$/);
    expect(stderr).not.toContain('SECRET');
  });

  slowTest('reports in one line that the disk is full at the start, and exits with 1', async () => {
    const { code, stderr } = await startProcess({ DATA_DIR: await createFolder() }, { shell: 'ulimit -f 0' }).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]*DATA_DIR[^\n]*\n$/);
  });
});

describe('a log that cannot be written', () => {
  // Its writer is that of the service, whose tests are fast.
  slowTest.each([
    ['is on a full device', { shell: 'exec 2>/dev/full' }, 0],
    ['has lost its reader', {}, 1],
  ])('does not stop the process if it %s', async (_name, options, closedStreams) => {
    const running = startProcess({ DATA_DIR: await createFolder() }, options);
    const url = await running.url;
    if (closedStreams > 0) {
      running.child.stderr?.destroy();
      running.child.stdout?.destroy();
    }
    for (let index = 0; index < 100; index += 1) expect((await call(url, 'GET /assistants')).status).toBe(200);
    running.child.kill('SIGTERM');
    expect((await running.exit).code).toBe(0);
  });

  slowTest('does not stop the exit of a process that cannot start', async () => {
    const { code } = await startProcess({ PORT: '-1' }, { shell: 'exec 2>/dev/full' }).exit;
    expect(code).toBe(1);
  });
});

// A smaller part of what durability.test.ts does.
slowTest('Acknowledged writes survive kill -9', async () => {
  const dataDir = await createFolder();
  const first = startProcess({ DATA_DIR: dataDir });
  const url = await first.url;
  const kept = await create(url, { name: 'before' });
  const deleted = await create(url);
  await call(url, `POST /assistants/${kept}`, { body: { name: 'after' } });
  await call(url, `DELETE /assistants/${deleted}`);
  const last = await create(url);
  first.child.kill('SIGKILL');
  await first.exit;

  const second = await startHere({ dataDir });
  expect(idsOf(await call(second.url, 'GET /assistants'))).toEqual([last, kept]);
  expect((await call(second.url, `GET /assistants/${kept}`)).body['name']).toBe('after');
});

test('A store that cannot grow rejects writes with 409 and one log entry, and keeps the acknowledged writes', async () => {
  const dataDir = await createFolder();
  // No file of the process may grow beyond this limit. Node ignores the signal, so that the write fails as on a full
  // disk.
  const limited = startProcess({ DATA_DIR: dataDir }, { shell: 'ulimit -f 1000' });
  const url = await limited.url;
  const instructions = 'x'.repeat(100_000);
  const kept: string[] = [];
  let status = 201;
  while (status === 201 && kept.length < 100) {
    const reply = await call(url, 'POST /assistants', { body: { model: 'm', instructions } });
    ({ status } = reply);
    if (status === 201) kept.unshift(String(reply.body['id']));
    else expect(reply.body).toMatchObject({ statusCode: 409, requestId: reply.headers.get('x-request-id') });
  }
  expect(status).toBe(409);
  expect(idsOf(await call(url, 'GET /assistants?limit=100'))).toEqual(kept);
  limited.child.kill('SIGTERM');
  const { code, stderr } = await limited.exit;
  expect(code).toBe(0);
  expect(stderr.match(/"level":50/g)).toHaveLength(1);
  expect(stderr).toMatch(/"level":50[^\n]*The store in DATA_DIR cannot grow/);

  const { url: freed } = await startHere({ dataDir });
  expect(idsOf(await call(freed, 'GET /assistants?limit=100'))).toEqual(kept);
  await create(freed, { instructions });
});

/** Of each of two processes: together no more than one page lists. */
const WRITES = amountOf('PROCESS_WRITES', { fast: 15, slow: 45 });

describe('two processes on one folder', () => {
  let urls: readonly [string, string];
  beforeAll(async () => {
    const dataDir = await createFolder();
    const processes = [startProcess({ DATA_DIR: dataDir }), startProcess({ DATA_DIR: dataDir })] as const;
    urls = await Promise.all([processes[0].url, processes[1].url]);
  });

  test('can start at the same time, lose no acknowledged write, and see each other’s writes at once', async () => {
    const [first, second] = urls;
    const write = async (url: string, other: string) => {
      const ids: string[] = [];
      for (let i = 0; i < WRITES; i++) {
        const id = await create(url);
        expect((await call(other, `GET /assistants/${id}`)).status).toBe(200);
        ids.push(id);
      }
      return ids;
    };
    const written = await Promise.all([write(first, second), write(second, first)]);
    const listed = await call(first, 'GET /assistants?limit=100&order=asc');
    expect(idsOf(listed).toSorted()).toEqual(written.flat().toSorted());
    expect(idsOf(await call(second, 'GET /assistants?limit=100'))).toEqual(idsOf(listed).toReversed());
  });

  test('lose no update of the same assistant', async () => {
    const id = await create(urls[0]);
    const members = ['name', 'description', 'instructions', 'model'];
    await Promise.all(
      members.map(async (member, index) => {
        const url = index % 2 === 0 ? urls[0] : urls[1];
        for (let i = 1; i <= WRITES; i++) await call(url, `POST /assistants/${id}`, { body: { [member]: String(i) } });
      }),
    );
    expect((await call(urls[0], `GET /assistants/${id}`)).body).toMatchObject(
      Object.fromEntries(members.map((member) => [member, String(WRITES)])),
    );
  });
});
