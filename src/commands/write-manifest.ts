/** `npm run manifest`: writes a manifest of persisted operations from the examples. Run from the project's root. */
import '../runtime/check-node-version.ts';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { Kind, parse } from 'graphql';
import { runCommand } from './run-command.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION, type ManifestOperation } from '../graphql/server/manifest.ts';

const FOLDER = 'schema/operations';

const USAGE = `Usage: npm run manifest [-- <file> | --help]

Writes a manifest of persisted operations, in Apollo's format, for PERSISTED_OPERATIONS: each document in
${FOLDER}, word for word, with its SHA-256 as the id.
  <file>   where to write it; without one it goes to the standard output (npm run --silent manifest)
  --help   shows this text
`;

await runCommand({ usage: USAGE, options: {}, argument: 'file' }, async (_, file) => {
  const manifest = { format: MANIFEST_FORMAT, version: MANIFEST_VERSION, operations: await readOperations() };
  const json = `${JSON.stringify(manifest, null, 2)}\n`;
  if (file === undefined) process.stdout.write(json);
  else {
    await writeFile(file, json);
    process.stdout.write(`Wrote ${manifest.operations.length} operations to ${file}.\n`);
  }
  return 0;
});

async function readOperations(): Promise<readonly ManifestOperation[]> {
  const files = await readdir(FOLDER).catch(() => {
    throw new Error(`${FOLDER} cannot be read: run this from the project's root`);
  });
  return Promise.all(
    files
      .filter((file) => file.endsWith('.graphql'))
      .sort()
      .map(async (file) => toOperation(file, await readFile(`${FOLDER}/${file}`, 'utf8'))),
  );
}

function toOperation(file: string, body: string): ManifestOperation {
  const operations = parse(body).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  if (operations.length !== 1 || !operation?.name) throw new Error(`${file} must have one operation, with a name`);
  const id = createHash('sha256').update(body).digest('hex');
  return { id, name: operation.name.value, type: operation.operation, body };
}
