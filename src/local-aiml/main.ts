/**
 * The stand-alone process of the embedded AIML API: settings, signals and the exit code. Its log goes to stderr, so that
 * stdout has only what a person or a script waits for.
 */
import '../runtime/check-node-version.ts';
import { LAST_FLUSH_MS, LogWriter, writeToStderr } from '../observability/log-writer.ts';
import { StopSignals } from '../runtime/stop-signals.ts';
import { describeModel, readStandaloneSettings } from './settings.ts';
import { LocalAimlStartError } from './start-error.ts';

const HELP = `The embedded AIML API: assistants, threads and runs on this machine, kept in a folder.

Usage: npm run local-aiml

Settings (environment):
  PORT      where it listens; 0 takes a free one   (4000)
  HOST      the address it listens on              (127.0.0.1)
  DATA_DIR  the folder of its store                (.data)

  MODEL_API_BASE_URL   any API that speaks chat completions, up to /chat/completions: it executes the runs
                       (the AIML API where AIML_API_KEY is set; otherwise the built-in model, which is no AI)
  MODEL_API_KEY        its key                                               (AIML_API_KEY)
  MODEL_API_FIRST_TOKEN_TIMEOUT_MS, MODEL_API_TIMEOUT_MS
                       silence until the first chunk, and between chunks     (300000, 60000)
  MODEL_ALIASES        models to request under another name: gpt-4=gpt-4.1,…
  RUN_CONCURRENCY      runs at a time                                        (64)
  RUN_EXPIRES_AFTER_SECONDS                                                  (600)

Any OpenAI client works on it: set its base URL to the address that is printed at the start, with or without /v1.
  OPENAI_BASE_URL=http://127.0.0.1:4000/v1 OPENAI_API_KEY=any-token python app.py

Any well-formed bearer token is an account of its own.
`;

async function start(): Promise<void> {
  const stopping = new StopSignals((code) => process.exit(code));
  const { host, port, dataDir, runs } = readStandaloneSettings(process.env);
  // Loaded when signals are handled, because loading takes a while.
  const [{ pino }, { exitOnCrash }, { createLocalAiml }] = await Promise.all([
    import('pino'),
    import('../observability/logger.ts'),
    import('./server.ts'),
  ]);
  const log = new LogWriter(2);
  const output = new LogWriter(1, { immediate: true });
  const logger = pino({ name: 'local-aiml', base: null }, log);
  exitOnCrash(log, (code) => process.exit(code));
  const localAiml = await createLocalAiml({ host, port, dataDir, runs, logger });
  stopping.handle(
    () =>
      void localAiml
        .stop()
        .then(() => log.flush(LAST_FLUSH_MS))
        .then(() => process.exit(0)),
  );
  output.write(
    `The embedded AIML API is listening on ${localAiml.url}\n` +
      `Try: curl -H 'Authorization: Bearer any-token' ${localAiml.url}/assistants\n` +
      `Runs are executed by ${describeModel(runs)}.\n`,
  );
}

function exitWith(error: unknown): never {
  if (!(error instanceof LocalAimlStartError)) throw error;
  writeToStderr(`${error.message}\n`);
  process.exit(1);
}

const [argument] = process.argv.slice(2);
if (argument === '--help' || argument === '-h') process.stdout.write(HELP);
else if (argument !== undefined) exitWith(new LocalAimlStartError('Unknown argument; --help shows the settings.'));
else await start().catch(exitWith);
