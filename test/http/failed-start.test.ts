// A service that fails to start closes the parts that it has opened, at whichever part it fails.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readConfig, type Config } from '../../src/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createService } from '../../src/service.ts';
import { listen } from '../support/listen.ts';
import { casesOf } from '../support/slow.ts';
import { until } from '../support/until.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));
// A server of the test before may be closing still.
beforeEach(() => until(() => openServers() === 0));

const logger = createLogger('silent', { write: () => undefined });
const openServers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;

/** Each part reads a setting of its own. By default some of these parts do not exist. */
const configOfEveryPart = (): Config =>
  readConfig({
    PORT: '0',
    DATA_DIR: dataDir,
    REDIS_URL: 'redis://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    UPSTREAM_RATE_LIMIT: '100/s',
    SHUTDOWN_TIMEOUT_MS: '0',
  });

/** The configuration, with one setting that cannot be read. */
function withFault(config: Config, setting: string): Config {
  const faulty = { ...config };
  Object.defineProperty(faulty, setting, {
    get: () => {
      throw new Error(`no ${setting}`);
    },
  });
  return faulty;
}

/** Settings that the service does not read while it starts. */
const NOT_READ = ['isProduction', 'logLevel', 'shutdownGraceMs', 'shutdownTimeoutMs'];

/** The first settings fail the most different parts. */
const settings = new Set([
  ...['redisUrl', 'upstreamConnections', 'upstreamDeadlineMs', 'corsOrigins', 'host'],
  ...Object.keys(readConfig({})).filter((setting) => !NOT_READ.includes(setting)),
]);

test.each(casesOf(5, [...settings]))('nothing stays open if the part that reads %s fails', async (setting) => {
  const before = openServers();
  await expect(createService(withFault(configOfEveryPart(), setting), logger)).rejects.toThrow(`no ${setting}`);
  await until(() => openServers() === before);
});

test('nothing stays open if the port is in use', async () => {
  const port = await listen(createServer());
  const before = openServers();
  await expect(createService({ ...configOfEveryPart(), port }, logger)).rejects.toThrow('PORT is in use');
  await until(() => openServers() === before);
});
