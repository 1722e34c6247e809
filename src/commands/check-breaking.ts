/**
 * `npm run check:breaking`: compares the schema with that of the last release. For development only: graphql-inspector is
 * not installed in production. Run from the project's root.
 */
import '../runtime/check-node-version.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from './run-command.ts';
import { compareSchemas, parseAcknowledgements, type SchemaChange } from './schema-changes.ts';

const CURRENT = 'schema/schema.graphql';
const RELEASED = 'schema/released.graphql';
const ACKNOWLEDGED = 'schema/acknowledged-changes.json';
/** Descriptions can be long; a safe change takes one line of a terminal. */
const SAFE_LINE_LENGTH = 120;

const USAGE = `Usage: npm run check:breaking [-- --release | --help]

Compares ${CURRENT} with ${RELEASED}, the schema of the last release, and prints a line for
each change. Fails on a change that breaks callers, unless ${ACKNOWLEDGED} holds
  { "change": "<the line's own words>", "reason": "<why callers can bear it>" }
and on an entry there that is not of use (any more). Dangerous changes are listed and do not fail.
  --release  makes the schema of today the released one, and empties the list of acknowledgements
  --help     shows this text
`;

/** Returns the exit code. */
async function run({ release }: { readonly release?: boolean | undefined }): Promise<number> {
  const current = await read(CURRENT);
  if (release) {
    await writeFile(RELEASED, current);
    await writeFile(ACKNOWLEDGED, '[]\n');
    return 0;
  }
  return check(await read(RELEASED), current, await read(ACKNOWLEDGED));
}

async function check(released: string, current: string, json: string): Promise<number> {
  const { changes, unused } = await compareSchemas(released, current, readAcknowledgements(json));
  if (changes.length === 0) process.stdout.write('Nothing has changed since the last release.\n');
  for (const change of changes) process.stdout.write(`${toLine(change)}\n`);
  for (const { change } of unused)
    process.stderr.write(`${ACKNOWLEDGED} acknowledges a change that is not breaking: ${change}\n`);
  const breaking = changes.filter(({ kind }) => kind === 'breaking').length;
  if (breaking > 0) process.stderr.write(`Breaking: ${breaking}. Take back, or acknowledge in ${ACKNOWLEDGED}.\n`);
  return breaking + unused.length === 0 ? 0 : 1;
}

function toLine({ kind, change, reason }: SchemaChange): string {
  const line = `${`${kind}:`.padEnd(14)}${change}${reason === undefined ? '' : ` (${reason})`}`;
  return kind === 'safe' && line.length > SAFE_LINE_LENGTH ? `${line.slice(0, SAFE_LINE_LENGTH - 1)}…` : line;
}

function readAcknowledgements(json: string) {
  try {
    return parseAcknowledgements(json);
  } catch (error) {
    throw new Error(`${ACKNOWLEDGED}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const read = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw new Error(`${file} cannot be read: run this from the project's root`);
  });

await runCommand({ usage: USAGE, options: { release: { type: 'boolean' } }, argument: null }, run);
