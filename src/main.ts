/** The process: configuration, start, signals, exit code. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { ConfigError, readConfig, type Config, type Environment } from './config.ts';
import { errorCode } from './error-code.ts';
import { LocalAimlStartError } from './local-aiml/server.ts';
import { createLogger, standardOutput } from './observability/logger.ts';
import { createService, ListenError } from './service.ts';

const HELP = `Assistants over GraphQL: a GraphQL service in front of the AIML API's assistants.

Usage: npm start

It is set up by environment variables, or by a file .env beside it; .env.example explains each of them.
Without any it listens on http://127.0.0.1:4000 and works on the embedded AIML API.
`;

/**
 * V8 lets garbage become three times what is in use where there is memory for that. This holds it to half, which is what
 * keeps the process below 512 MB with a hundred large bodies at once; ordinary load does not notice.
 */
const HEAP_GROWTH = '--heap-growing-percent=50';

async function main([argument]: readonly string[]): Promise<void> {
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(HELP);
    return;
  }
  if (argument !== undefined) throw new ConfigError('there are no arguments: --help tells how to set it up');
  setFlagsFromString(HEAP_GROWTH);
  const config = readConfig({ ...readDotEnv(), ...process.env });
  const logger = createLogger(config.logLevel, standardOutput(), {
    stacks: !config.isProduction,
    secrets: secretsOf(config),
  });
  const crash = (err: unknown) => {
    logger.fatal({ err }, 'crashed');
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const service = await createService(config, logger);

  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    logger.info({ signal }, 'stopping');
    service.stop().then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (err: unknown) => {
        logger.error({ err }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Said last: whoever waits for this line may send a signal the moment he reads it.
  if (process.stdout.isTTY) process.stdout.write(welcome(config, service.url));
  else logger.info({ url: `${service.url}/graphql` }, 'listening');
}

/** What the process must never write down. */
function secretsOf({ upstream, redisUrl }: Config): string[] {
  const apiKey = upstream.kind === 'aiml' ? upstream.apiKey : null;
  const password = redisUrl?.password ?? '';
  return [apiKey ?? '', password, decodeURIComponent(password)].filter((secret) => secret !== '');
}

/** What stands in a file `.env` in the working directory, where there is one. The environment proper goes before it. */
function readDotEnv(): Environment {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw new ConfigError('the file .env cannot be read');
  }
}

/** For a person at a terminal: where to click, what it works on, what to do next. */
function welcome({ explorer, upstream }: Config, url: string): string {
  const works = upstream.kind === 'local' ? `the embedded AIML API, its data in ${upstream.dataDir}` : 'the AIML API';
  return [
    '',
    `  listening  ${url}/graphql`,
    ...(explorer ? [`  explore    ${url}/graphiql`] : []),
    `  works on   ${works}`,
    upstream.kind === 'local' ? '  next       npm run seed, in a second terminal, for assistants to look at' : null,
    '  stop       Ctrl+C',
    '',
  ]
    .filter((line) => line !== null)
    .join('\n');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isOurs = error instanceof ConfigError || error instanceof LocalAimlStartError || error instanceof ListenError;
  const message = isOurs ? error.message : `could not start (${errorCode(error) ?? 'an internal error'})`;
  process.stderr.write(`assistants-graphql: ${message}\n`);
  process.exit(1);
});
