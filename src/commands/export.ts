/**
 * `npm run export`: writes the assistants of an account, and its conversations where they can be listed, as NDJSON, through
 * the GraphQL API of a running service.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ProgressBar } from './progress-bar.ts';
import { ServiceClient, ServiceRequestError } from './service-client.ts';
import { LIST_ASSISTANTS, LIST_MESSAGES, LIST_THREADS } from './transfer/documents.ts';
import { readList } from './transfer/pages.ts';
import { EXPORT_FORMAT, EXPORT_VERSION, type ExportRecord } from './transfer/records.ts';
import {
  toAssistantInput,
  toMessageInput,
  toThreadInput,
  type ListedAssistant,
  type ListedMessage,
  type ListedThread,
} from './transfer/to-input.ts';

const USAGE = `Usage: npm run export -- <file> [options]

Writes the assistants of the account to a file, one JSON object a line. "npm run import" reads it.

  <file>               where to write; an existing file is replaced when the export is complete
  --threads            write the conversations too, where the upstream can list them (the embedded AIML API can)
  --address <url>      the service; http://127.0.0.1:4000 where it is left out, or the port of PORT
  --help               this text

Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough or jwt).
Not written: vector stores and files (their ids are), runs, steps, and annotations of messages.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { threads: { type: 'boolean' }, address: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new Error('give one file to write: --help says more');
  const client = new ServiceClient(values.address, '--address http://host:port');
  // Complete or not there at all: an export that was cut must not look like one that is whole.
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', 0o600).catch(() => {
    throw new Error('the file cannot be written: does its folder exist?');
  });
  try {
    await write(file, { type: 'header', format: EXPORT_FORMAT, version: EXPORT_VERSION, exportedAt: now() });
    await exportAssistants(client, file);
    if (values.threads) await exportThreads(client, file);
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

const now = (): string => new Date().toISOString();

const write = (file: FileHandle, record: ExportRecord): Promise<unknown> => file.write(`${JSON.stringify(record)}\n`);

const warn = (id: string, losses: readonly string[]): void => {
  for (const loss of losses) process.stderr.write(`${id}: left out: ${loss}\n`);
};

async function exportAssistants(client: ServiceClient, file: FileHandle): Promise<void> {
  const progress = new ProgressBar(process.stderr, 'assistants', null);
  for await (const assistant of readList<ListedAssistant>(client, { query: LIST_ASSISTANTS, path: ['assistants'] })) {
    const { input, losses } = toAssistantInput(assistant);
    await write(file, { type: 'assistant', id: assistant.id, input });
    warn(assistant.id, losses);
    progress.advance();
  }
  progress.end();
}

async function exportThreads(client: ServiceClient, file: FileHandle): Promise<void> {
  const threads = await listThreads(client);
  if (threads === null) {
    process.stderr.write('threads: left out, as this upstream cannot list them\n');
    return;
  }
  const progress = new ProgressBar(process.stderr, 'threads', threads.length);
  for (const thread of threads) {
    await write(file, { type: 'thread', id: thread.id, input: toThreadInput(thread) });
    const list = { query: LIST_MESSAGES, variables: { threadId: thread.id }, path: ['thread', 'messages'] };
    for await (const message of readList<ListedMessage>(client, list)) {
      const { input, losses } = toMessageInput(message);
      warn(message.id, losses);
      if (input) await write(file, { type: 'message', id: message.id, threadId: thread.id, input });
    }
    progress.advance();
  }
  progress.end();
}

/** Null if the upstream cannot list threads. */
async function listThreads(client: ServiceClient): Promise<readonly ListedThread[] | null> {
  const threads: ListedThread[] = [];
  try {
    for await (const thread of readList<ListedThread>(client, { query: LIST_THREADS, path: ['threads'] }))
      threads.push(thread);
  } catch (error) {
    if (error instanceof ServiceRequestError && error.code === 'UNSUPPORTED_BY_UPSTREAM') return null;
    throw error;
  }
  return threads;
}

main().catch((error: unknown) => {
  process.stderr.write(`export: ${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});
