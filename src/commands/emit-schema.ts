/**
 * Writes the schema to `schema/schema.graphql`, or checks that the file is up to date. Run from the project's root.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { buildServiceSchema, toSdl } from '../graphql/schema/schema.ts';

const FILE = 'schema/schema.graphql';

const USAGE = `Usage: npm run schema [-- --check | --help]

Writes the GraphQL schema to ${FILE}, sorted.
  --check  writes nothing; fails if the file is out of date
  --help   shows this text
`;

/** Returns the exit code. */
async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { check: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const schema = toSdl(buildServiceSchema());
  if (!values.check) {
    await mkdir(dirname(FILE), { recursive: true });
    await writeFile(FILE, schema);
    return 0;
  }
  const written = await readFile(FILE, 'utf8').catch(() => null);
  if (written === schema) return 0;
  process.stderr.write(`${FILE} ${written === null ? 'is missing' : 'is out of date'}: run "npm run schema".\n`);
  return 1;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
