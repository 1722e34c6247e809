import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { takePort } from '../support/port.ts';
import { listeningUrl, runProcess, toRunningProcess } from '../support/process.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { query, startService } from '../support/service.ts';
import { listen } from '../support/listen.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assistants-'));
  await writeFile(join(folder, 'file'), 'not a folder');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a service that cannot start', () => {
  test.each<[string, () => Environment, RegExp]>(
    casesOf(1, [
      ['a data folder that cannot be', () => ({ DATA_DIR: join(folder, 'file', 'data') }), /DATA_DIR/],
      [
        'a manifest that is not there',
        () => ({ PERSISTED_OPERATIONS: join(folder, 'canary') }),
        /^assistants-graphql: PERSISTED_OPERATIONS names a file that cannot be read$/,
      ],
      [
        'an invalid manifest',
        () => ({ PERSISTED_OPERATIONS: join(folder, 'file') }),
        /^assistants-graphql: PERSISTED_OPERATIONS names a file that is not JSON$/,
      ],
      ['a host that is not here', () => ({ DATA_DIR: folder, HOST: '192.0.2.1' }), /HOST is not an address/],
      ['an invalid setting', () => ({ PORT: 'canary' }), /^assistants-graphql: PORT must be/],
      ['a missing setting', () => ({ UPSTREAM: 'aiml' }), /^assistants-graphql: AIML_API_KEY must be set/],
    ]),
  )('because of %s reports it in one line and exits with 1', async (_name, environment, line) => {
    const service = runProcess(environment());
    expect(await service.exit).toBe(1);
    expect(service.output().trimEnd()).toMatch(line);
    expect(service.output().trimEnd().split('\n')).toHaveLength(1);
    expect(service.output()).not.toContain('canary');
  });

  test('because of several settings reports each in a line and exits with 1', async () => {
    const service = runProcess({ AUTH_MODE: 'jwt', UPSTREAM: 'aiml', MAX_IN_FLIGHT: 'canary', JWKS_URL: 'canary' });
    expect(await service.exit).toBe(1);
    expect(service.output().trimEnd().split('\n')).toEqual(
      ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWKS_URL', 'AIML_API_KEY', 'MAX_IN_FLIGHT'].map((name) =>
        expect.stringMatching(`^assistants-graphql: ${name} must be`),
      ),
    );
    expect(service.output()).not.toContain('canary');
  });

  test('because its port is in use reports it in one line and exits with 1', async () => {
    const service = runProcess({ DATA_DIR: folder, PORT: String(await listen(createServer())) });
    expect(await service.exit).toBe(1);
    expect(service.output().trimEnd()).toMatch(/^assistants-graphql: PORT is in use/);
  });
});

describe('the command line', () => {
  test.each(
    casesOf(2, [
      'main.js',
      'commands/seed.js',
      'local-aiml/main.js',
      'commands/emit-schema.js',
      'commands/check-breaking.js',
      'commands/write-manifest.js',
    ]),
  )('%s prints its usage on --help and does nothing else', async (entry) => {
    const command = runProcess({}, { entry, args: ['--help'] });
    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/npm (?:start|run)/);
  });
});

describe('npm run seed', () => {
  const seed = async (address: string) => {
    const command = runProcess({}, { entry: 'commands/seed.js', args: [address] });
    return { code: await command.exit, lines: command.output().trimEnd().split('\n') };
  };

  test('creates each example once, and shows its progress', async () => {
    const service = await startService();
    const first = await seed(service.url);
    expect(first).toEqual({ code: 0, lines: expect.arrayContaining([expect.stringMatching(/^5\/5 .*: asst_/)]) });
    expect(first.lines.at(-1)).toMatch(/^a conversation: asst_\S+ in thread_\S+$/);
    const second = await seed(service.url);
    expect(second.lines).toEqual(first.lines.map((line) => line.replace(/asst_.*/, 'already there')));
    await service.stop();
  });

  test('without an address uses the port of the service’s own settings', async () => {
    const settings = { PORT: String(await takePort()) };
    const service = await startService(settings);
    const command = runProcess(settings, { entry: 'commands/seed.js' });
    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^5\/5 .*: asst_/m);
    await service.stop();
    const rejected = runProcess(settings, { entry: 'commands/seed.js' });
    expect(await rejected.exit).toBe(1);
    expect(rejected.output()).toContain(`no service responds at ${service.url}`);
    expect(rejected.output()).toContain('npm run seed -- http://host:port');
  });

  slowTest('reports in one line what to do if no service responds, or if it needs a credential', async () => {
    const settings = { AUTH_MODE: 'passthrough', UPSTREAM: 'local', PORT: String(await takePort()) };
    const service = await startService(settings);
    expect(await seed(service.url)).toEqual({ code: 1, lines: [expect.stringContaining('set AIML_API_KEY')] });
    await service.stop();
    expect(await seed(service.url)).toEqual({
      code: 1,
      lines: [expect.stringContaining('start one with "npm start"')],
    });
    expect(await seed('ftp://127.0.0.1')).toEqual({ code: 1, lines: [expect.stringContaining('must be a URL')] });
  });
});

describe('a service that starts', () => {
  slowTest('responds at the logged URL, and its data survives a kill -9', async () => {
    const environment = { DATA_DIR: join(folder, 'kept') };
    const first = runProcess(environment);
    const response = await query(
      await listeningUrl(first),
      'mutation { createAssistant(input: { model: "gpt-4o" }) { assistant { id } } }',
    );
    first.child.kill('SIGKILL');
    await first.exit;
    const { createAssistant } = response.data as { createAssistant: { assistant: { id: string } } };
    const second = runProcess(environment);
    const stored = await query(await listeningUrl(second), '{ assistants { nodes { id } } }');
    expect(stored.data).toEqual({ assistants: { nodes: [{ id: createAssistant.assistant.id }] } });
    second.child.kill('SIGTERM');
    expect(await second.exit).toBe(0);
  });
});

describe('npm run manifest', () => {
  test('reports the number of operations and the file', async () => {
    const file = join(folder, 'operations.json');
    const command = toRunningProcess(spawn(process.execPath, ['dist/commands/write-manifest.js', file]));
    expect(await command.exit).toBe(0);
    expect(command.output()).toMatch(/^Wrote \d+ operations to .*operations\.json\.\n$/);
  });
});

test('The log names version, upstream and authentication at the start, and no host of the model API', async () => {
  for (const [environment, upstream, auth] of [
    [{ UPSTREAM: 'local', MODEL_API_BASE_URL: 'http://model.example/v1' }, 'local', 'none'],
    [{ AUTH_MODE: 'passthrough', AIML_API_BASE_URL: 'http://model.example' }, 'aiml', 'passthrough'],
  ] as const) {
    const service = runProcess({ DATA_DIR: folder, ...environment });
    await listeningUrl(service);
    const line = service
      .output()
      .split('\n')
      .find((text) => text.includes('"listening"'));
    expect(JSON.parse(line ?? '')).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/), upstream, auth });
    expect(service.output()).not.toContain('model.example');
  }
});
