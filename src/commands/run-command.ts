/** Runs a command of this folder: reads its arguments, prints its usage, and reports its failure. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

interface Command<O extends Options> {
  /** What `--help` prints. */
  readonly usage: string;
  readonly options: O;
  /** What the command's one positional argument is; null if it has none. */
  readonly argument: string | null;
  /** Stands before the message of a failure. */
  readonly prefix?: string;
}

type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** The process exits with what `run` resolves to, or with 1 if it rejects; the message of the error goes to stderr. */
export async function runCommand<O extends Options>(
  { usage, options, argument, prefix = '' }: Command<O>,
  run: (values: Values<O>, argument: string | undefined) => Promise<number>,
): Promise<void> {
  // The reader of a pipe may end before the command, as `head` does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: argument !== null,
    });
    if (positionals.length > 1) throw new Error(`give one ${argument ?? 'argument'}: --help shows the usage`);
    if ('help' in values) process.stdout.write(usage);
    else process.exitCode = await run(values, positionals[0]);
  } catch (error) {
    process.stderr.write(`${prefix}${error instanceof Error ? error.message : 'failed'}\n`);
    process.exitCode = 1;
  }
}
