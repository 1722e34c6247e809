/** The process: configuration, start, signals, exit code. */
import 'reflect-metadata';
import { ConfigError, readConfig } from './config.ts';
import { createLogger, standardOutput } from './observability/logger.ts';
import { createService } from './service.ts';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel, standardOutput(), {
    stacks: !config.isProduction,
    secrets: config.upstream.kind === 'aiml' && config.upstream.apiKey !== null ? [config.upstream.apiKey] : [],
  });
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
      (error: unknown) => {
        logger.error({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Said last: whoever waits for this line may send a signal the moment he reads it.
  logger.info({ url: `${service.url}/graphql` }, 'listening');
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : 'could not start';
  process.stderr.write(
    `assistants-graphql: ${error instanceof ConfigError ? message : `could not start: ${message}`}\n`,
  );
  process.exit(1);
});
