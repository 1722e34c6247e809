/** The process: arguments, configuration, start, signals and exit code. */
import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import type { StopSignals } from '../runtime/stop-signals.ts';
import { readConfig, type Config } from '../config.ts';
import { ConfigError, readDotEnv } from '../runtime/environment.ts';
import { limitHeapGrowth } from '../runtime/heap-growth.ts';
import { findMisspeltSettings } from '../runtime/setting-names.ts';
import { errorCode } from '../runtime/error-code.ts';
import { ListenError } from '../http/http-servers.ts';
import { describeModel } from '../local-aiml/settings.ts';
import { LocalAimlStartError } from '../local-aiml/start-error.ts';
import { createDestination, createLogger, exitOnCrash } from '../observability/logger.ts';
import { VERSION } from '../version.ts';
import { LAST_FLUSH_MS, LogWriter, writeToStderr } from '../observability/log-writer.ts';

const HELP = `Assistants over GraphQL: a GraphQL service in front of the AIML API's assistants.

Usage: npm start
       assistants-graphql [--help | --version]

Settings are environment variables, or lines of a file .env in the working directory; .env.example explains each.
Without any the service listens on http://127.0.0.1:4000 and works on the embedded AIML API.
`;

/** Stops V8 from allocating the objects of requests in old space: 20 % less CPU time (ADR 16). */
const V8_FLAGS = '--no-allocation-site-pretenuring';

/** Starts the service, or prints what an argument asks for. Never rejects: a process that cannot start exits with code 1. */
export async function start(args: readonly string[], stopping: StopSignals): Promise<void> {
  await run(args, stopping).catch(exitWithError);
}

async function run([argument]: readonly string[], stopping: StopSignals): Promise<void> {
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(HELP);
    return;
  }
  if (argument === '--version' || argument === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  if (argument !== undefined) throw new ConfigError('there are no arguments; --help describes the settings');
  setFlagsFromString(V8_FLAGS);
  limitHeapGrowth();
  const environment = { ...readDotEnv(), ...process.env };
  const config = readConfig(environment);
  const isTerminal = process.stdout.isTTY;
  const output = new LogWriter(1, { immediate: isTerminal });
  const options = { stacks: !config.isProduction, secrets: secretsOf(config) };
  const logger = createLogger(config.logLevel, await createDestination(output, isTerminal), options);
  exitOnCrash(output, (code) => process.exit(code), options);
  const exit = (code: number) => void output.flush(LAST_FLUSH_MS).finally(() => process.exit(code));
  // Loaded after the settings are read: an error in a setting is reported half a second earlier.
  const { createService } = await import('../service.ts');
  const service = await createService(config, logger, { droppedLogEntries: () => output.droppedEntries });
  stopping.handle((signal) => {
    if (isTerminal) output.write(FAREWELL);
    else logger.stopping(signal);
    service.stop().then(
      () => {
        if (!isTerminal) logger.stopped();
        exit(0);
      },
      (error: unknown) => {
        logger.stopFailed(error);
        exit(1);
      },
    );
  });
  void service.probe();
  for (const { name, suggestion } of findMisspeltSettings(Object.keys(environment)))
    logger.settingMisspelt(name, suggestion);
  // Written last: a supervisor may send a signal as soon as it reads this, so the handlers must be installed.
  if (isTerminal) output.write(welcome(config, service.url));
  else
    logger.listening(`${service.url}/graphql`, {
      version: VERSION,
      upstream: config.upstream.kind,
      auth: config.auth.mode,
      model: config.upstream.kind === 'local' ? describeModel(config.runs) : undefined,
    });
}

/** The address that `npm run seed` uses by default. */
const SEEDED_BY_DEFAULT = 'http://127.0.0.1:4000';

const FAREWELL = '\n  stopping   requests in flight are finished first; Ctrl+C again ends it at once\n';

/** Texts that must not appear in the log. */
function secretsOf({ upstream, redisUrl, runs }: Config): string[] {
  const apiKey = upstream.kind === 'aiml' ? upstream.apiKey : null;
  const password = redisUrl?.password ?? '';
  return [apiKey ?? '', runs.modelApi?.key ?? '', password, decodeURIComponent(password)].filter(
    (secret) => secret !== '',
  );
}

/** For a person at a terminal: the addresses, the upstream, and the next step. npm has printed two lines already. */
function welcome({ explorer, upstream, runs }: Config, url: string): string {
  const seed = url === SEEDED_BY_DEFAULT ? 'npm run seed' : `npm run seed -- ${url}`;
  const [upstreamText, next] =
    upstream.kind === 'local'
      ? [
          `the embedded AIML API, its data in ${upstream.dataDir}; runs by ${describeModel(runs)}`,
          `${seed}, in a second terminal`,
        ]
      : ['the AIML API', explorer ? 'open the explorer' : 'docs/clients.md'];
  return [
    ...(explorer ? [`  explore    ${url}/`] : []),
    `  listening  ${url}/graphql`,
    `  works on   ${upstreamText}`,
    `  next       ${next}; Ctrl+C stops`,
    '\n',
  ].join('\n');
}

function exitWithError(error: unknown): never {
  const isOurs = error instanceof ConfigError || error instanceof LocalAimlStartError || error instanceof ListenError;
  const message = isOurs ? error.message : `could not start (${errorCode(error) ?? 'an internal error'})`;
  const lines = message.split('\n').map((line) => `assistants-graphql: ${line}\n`);
  writeToStderr(lines.join(''));
  process.exit(1);
}
