/** `npm run import`: creates what a file of `npm run export` holds, through the GraphQL API of a running service. */
import '../runtime/check-node-version.ts';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { startProgress } from './progress-bar.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import { runCommand } from './run-command.ts';
import { ifSupported, ServiceClient, type ListRequest, type Stored } from './service-client.ts';
import {
  CREATE_ASSISTANT,
  CREATE_MESSAGE,
  CREATE_THREAD,
  FIND_ASSISTANTS,
  FIND_MESSAGES,
  FIND_THREADS,
} from './transfer/documents.ts';
import { parseExport, type ExportRecord, type MessageRecord, type NumberedRecord } from './transfer/records.ts';

const USAGE = `Usage: npm run import -- <file> [options]

Creates the assistants and conversations of a file that "npm run export" wrote. It can be run again at any time, also after
it was interrupted: what is there already is left alone. Each copy has the id of its original as imported_from in its
metadata, by which it is recognised.

  <file>               the file; all of it is checked before anything is created
  --address <url>      the service; http://127.0.0.1:4000 where it is left out, or the port of PORT
  --help               this text

Set AIML_API_KEY to send it as "Authorization: Bearer …" (for AUTH_MODE=passthrough or jwt).
`;

/** Names the original in the metadata of its copy. */
const ORIGIN = 'imported_from';
/** Of 16 pairs one is the origin, and over the AIML API the service needs one for the idempotency key. */
const MAX_OWN_PAIRS = 14;

type CopiedRecord = Exclude<ExportRecord, { type: 'header' }>;

interface Create {
  readonly query: string;
  /** Distinguishes the idempotency keys of different lists. */
  readonly kind: string;
  /** Of the input, beside those of the record. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

async function run({ address }: { readonly address?: string | undefined }, path: string | undefined): Promise<number> {
  if (path === undefined) throw new Error('give the file to read: --help shows the usage');
  const bytes = await readFile(path).catch(() => {
    throw new Error('the file cannot be read');
  });
  const text = decodeUtf8(bytes);
  if (text === null) throw new Error('the file is not UTF-8 text');
  const importer = new Importer(new ServiceClient(address, '--address http://host:port'), parseExport(text));
  await importer.importAssistants();
  await importer.importThreads();
  if (importer.problems.length > 0) throw new Error(['not everything was imported', ...importer.problems].join('\n'));
  return 0;
}

/**
 * The id of the first original: an account may be moved several times. If several records have the same origin, they are
 * copies that were made by hand, and each is an original of its own.
 */
function toIdentity(records: readonly NumberedRecord[]): (record: CopiedRecord) => string {
  const counts = new Map<string, number>();
  for (const { record } of records) {
    const origin = originOf(record);
    if (origin !== undefined) counts.set(origin, (counts.get(origin) ?? 0) + 1);
  }
  return (record) => {
    const origin = originOf(record);
    return origin !== undefined && counts.get(origin) === 1 ? origin : record.id;
  };
}

const originOf = (record: ExportRecord): string | undefined =>
  record.type === 'header' ? undefined : record.input.metadata[ORIGIN];

/** Creates the records; what the service rejects is reported by its line, and the others are created all the same. */
class Importer {
  readonly #client: ServiceClient;
  readonly #records: readonly NumberedRecord[];
  readonly #identityOf: (record: CopiedRecord) => string;
  readonly problems: string[] = [];

  constructor(client: ServiceClient, records: readonly NumberedRecord[]) {
    this.#client = client;
    this.#records = records;
    this.#identityOf = toIdentity(records);
  }

  async importAssistants(): Promise<void> {
    const assistants = ofType(this.#records, 'assistant');
    const existing = await this.#findCopies({ query: FIND_ASSISTANTS, path: ['assistants'] });
    const progress = startProgress('assistants', assistants.length);
    for (const item of assistants) {
      await this.#copy(existing, item, { query: CREATE_ASSISTANT, kind: 'assistant' });
      progress.advance();
    }
    progress.end();
  }

  async importThreads(): Promise<void> {
    const threads = ofType(this.#records, 'thread');
    if (threads.length === 0) return;
    const messages = ofType(this.#records, 'message');
    const existing = await ifSupported(this.#findCopies({ query: FIND_THREADS, path: ['threads'] }));
    if (existing === null) {
      this.problems.push('threads: this upstream cannot list them, so a second import would create them again');
      return;
    }
    const progress = startProgress('threads', threads.length);
    for (const item of threads) {
      const { id } = item.record;
      const ownMessages = messages.filter(({ record }) => record.threadId === id);
      const threadId = await this.#copy(existing, item, { query: CREATE_THREAD, kind: 'thread' });
      if (threadId !== null) await this.#importMessages(threadId, ownMessages);
      progress.advance();
    }
    progress.end();
  }

  /** Also completes a thread whose import was interrupted. */
  async #importMessages(threadId: string, messages: readonly NumberedRecord<MessageRecord>[]): Promise<void> {
    const list = { query: FIND_MESSAGES, variables: { threadId }, path: ['thread', 'messages'] };
    const existing = await this.#findCopies(list);
    const create = { query: CREATE_MESSAGE, kind: `message of ${threadId}`, fields: { threadId } };
    for (const item of messages) await this.#copy(existing, item, create);
  }

  /** The ids of copies by the ids of their originals. An original itself is found by its own id. */
  async #findCopies(list: ListRequest): Promise<ReadonlyMap<string, string>> {
    const copies = new Map<string, string>();
    for await (const { id, metadata } of this.#client.list<Stored>(list)) {
      copies.set(id, id);
      const origin = metadata[ORIGIN];
      if (origin !== undefined) copies.set(origin, id);
    }
    return copies;
  }

  /**
   * Creates a copy unless there is one. The id of the copy; null if the service rejected it. Throws where it cannot be known
   * whether there is one.
   */
  async #copy(
    existing: ReadonlyMap<string, string>,
    { line, record }: NumberedRecord<CopiedRecord>,
    { query, kind, fields }: Create,
  ): Promise<string | null> {
    const identity = this.#identityOf(record);
    const found = existing.get(identity) ?? existing.get(record.id);
    if (found !== undefined) return found;
    const metadata = Object.fromEntries(Object.entries(record.input.metadata).filter(([name]) => name !== ORIGIN));
    const isFull = Object.keys(metadata).length > MAX_OWN_PAIRS;
    if (isFull)
      process.stderr.write(`line ${line}: its metadata is full: the copy can be recognised for 24 hours only\n`);
    const input = {
      ...record.input,
      ...fields,
      metadata: isFull ? metadata : { ...metadata, [ORIGIN]: identity },
      idempotencyKey: createHash('sha256')
        .update(`${kind}\n${record.id}\n${JSON.stringify(record.input)}`)
        .digest('hex'),
    };
    const result = await this.#client.create(query, input).catch((error: unknown) => {
      throw new Error(`line ${line}: ${error instanceof Error ? error.message : 'failed'}`, { cause: error });
    });
    if (result.problem === undefined) return result.id;
    this.problems.push(`line ${line}: ${result.problem}`);
    return null;
  }
}

function ofType<Type extends ExportRecord['type']>(
  records: readonly NumberedRecord[],
  type: Type,
): readonly NumberedRecord<Extract<ExportRecord, { type: Type }>>[] {
  return records.filter(
    (item): item is NumberedRecord<Extract<ExportRecord, { type: Type }>> => item.record.type === type,
  );
}

const options = { address: { type: 'string' } } as const;
await runCommand({ usage: USAGE, options, argument: 'file', prefix: 'import: ' }, run);
