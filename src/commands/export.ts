/**
 * `npm run export`: writes the assistants of an account as NDJSON, and its conversations if the upstream can list them,
 * through the GraphQL API of a running service.
 */
import '../runtime/check-node-version.ts';
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { startProgress } from './progress-bar.ts';
import { runCommand } from './run-command.ts';
import { ifSupported, ServiceClient } from './service-client.ts';
import { LIST_ASSISTANTS, LIST_MESSAGES, LIST_THREADS } from './transfer/documents.ts';
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
Not written: vector stores and files (their ids are), tools of an unknown kind, runs, steps, and annotations of messages.
`;

const OPTIONS = { threads: { type: 'boolean' }, address: { type: 'string' } } as const;

const command = { usage: USAGE, options: OPTIONS, argument: 'file', prefix: 'export: ' };

await runCommand(command, async ({ threads, address }, argument) => {
  if (argument === undefined) throw new Error('give the file to write: --help shows the usage');
  const path = await toTarget(argument);
  const client = new ServiceClient(address, '--address http://host:port');
  // An incomplete export must not look like a complete one.
  const partial = `${path}.partial`;
  const file = await open(partial, 'w', 0o600).catch(() => {
    throw new Error('the file cannot be written: does its folder exist?');
  });
  try {
    const exportedAt = new Date().toISOString();
    await write(file, { type: 'header', format: EXPORT_FORMAT, version: EXPORT_VERSION, exportedAt });
    await exportAssistants(client, file);
    if (threads) await exportThreads(client, file);
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
  return 0;
});

/** The complete export takes the place of a file, which a folder, a pipe or a device is not. A link stays a link. */
async function toTarget(path: string): Promise<string> {
  const existing = await stat(path).catch(() => null);
  if (path === '-' || existing?.isFile() === false)
    throw new Error('give the name of a file, not of a folder or a pipe');
  return existing ? realpath(path) : path;
}

function write(file: FileHandle, record: ExportRecord): Promise<unknown> {
  return file.write(`${JSON.stringify(record)}\n`);
}

function warn(id: string, losses: readonly string[]): void {
  for (const loss of losses) process.stderr.write(`${id}: left out: ${loss}\n`);
}

async function exportAssistants(client: ServiceClient, file: FileHandle): Promise<void> {
  const progress = startProgress('assistants', null);
  const list = { query: LIST_ASSISTANTS, path: ['assistants'] };
  for await (const { id, ...assistant } of client.list<ListedAssistant>(list)) {
    const { input, losses } = toAssistantInput(assistant);
    await write(file, { type: 'assistant', id, input });
    warn(id, losses);
    progress.advance();
  }
  progress.end();
}

async function exportThreads(client: ServiceClient, file: FileHandle): Promise<void> {
  const list = { query: LIST_THREADS, path: ['threads'] };
  const threads = await ifSupported(toArray(client.list<ListedThread>(list)));
  if (threads === null) {
    process.stderr.write('threads: left out, as this upstream cannot list them\n');
    return;
  }
  const progress = startProgress('threads', threads.length);
  for (const thread of threads) {
    await write(file, { type: 'thread', id: thread.id, input: toThreadInput(thread) });
    const messages = { query: LIST_MESSAGES, variables: { threadId: thread.id }, path: ['thread', 'messages'] };
    for await (const message of client.list<ListedMessage>(messages)) {
      const { input, losses } = toMessageInput(message);
      warn(message.id, losses);
      if (input) await write(file, { type: 'message', id: message.id, threadId: thread.id, input });
    }
    progress.advance();
  }
  progress.end();
}

async function toArray<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const array: T[] = [];
  for await (const item of items) array.push(item);
  return array;
}
