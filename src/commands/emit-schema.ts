/** Writes the schema to `schema/schema.graphql`, or checks that the file is up to date. Run from the project's root. */
import '../runtime/check-node-version.ts';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buildServiceSchema, toSdl } from '../graphql/schema/schema.ts';
import { runCommand } from './run-command.ts';

const FILE = 'schema/schema.graphql';

const USAGE = `Usage: npm run schema [-- --check | --help]

Writes the GraphQL schema to ${FILE}, sorted.
  --check  writes nothing; fails if the file is out of date
  --help   shows this text
`;

/** Returns the exit code. */
async function run({ check }: { readonly check?: boolean | undefined }): Promise<number> {
  const schema = toSdl(buildServiceSchema());
  if (!check) {
    await mkdir(dirname(FILE), { recursive: true });
    await writeFile(FILE, schema);
    return 0;
  }
  const written = await readFile(FILE, 'utf8').catch(() => null);
  if (written === schema) return 0;
  process.stderr.write(`${FILE} ${written === null ? 'is missing' : 'is out of date'}: run "npm run schema".\n`);
  return 1;
}

await runCommand({ usage: USAGE, options: { check: { type: 'boolean' } }, argument: null }, run);
