// Mixed operations on conversations under faults. Afterwards upstream has every acknowledged message, run and tool
// output exactly once, and none that was reported as NOT_APPLIED.
//
// CONVERSATION_OPERATIONS sets the number of operations, FAULT_SEED repeats a run. A failure reports the seed.
//
// CONVERSATION_OPERATIONS sets how many, FAULT_SEED repeats a run; a failure reports the seed.
import { expect, test } from '@jest/globals';
import { startFaultyProxy } from '../support/faulty-proxy.ts';
import { createRandom, type Random } from '../support/random.ts';
import { startService, type TestService } from '../support/service.ts';
import { amountOf } from '../support/slow.ts';
import { listeningUrl, runProcess } from '../support/process.ts';
import { readSse, subscribe, textsOf } from '../support/run-events.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUpLater } from '../support/cleanup.ts';

const OPERATIONS = amountOf('CONVERSATION_OPERATIONS', { fast: 25, slow: 400 });
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000_000);
const LANES = 20;
const TIMEOUT_MS = 120_000 + OPERATIONS * 200;
const KEY = 'key-of-the-history';

type ReportedOutcome = 'ACKNOWLEDGED' | 'NOT_APPLIED' | 'UNKNOWN';
interface Reported {
  readonly kind: 'message' | 'run' | 'output';
  readonly mark: string;
  readonly outcome: ReportedOutcome;
}
interface Payload {
  readonly message?: { readonly id: string } | null;
  readonly run?: WaitingRun | null;
  readonly userErrors: readonly { readonly code: string }[];
}
interface WaitingRun {
  readonly id: string;
  readonly status: string;
  readonly requiredToolCalls: readonly { readonly id: string }[];
}

const RUN = 'run { id status requiredToolCalls { id } }';
const mutation = (name: string, selection: string): string => {
  const type = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Input`;
  return `mutation ($input: ${type}!) { result: ${name}(input: $input) { ${selection} userErrors { code } } }`;
};

class Lane {
  readonly threadId: string;
  readonly #service: TestService;
  readonly #assistantId: string;
  readonly #random: Random;
  readonly #reported: Reported[];
  /** Stored texts must match these exactly. */
  readonly violations: string[] = [];

  constructor(
    service: TestService,
    ids: { threadId: string; assistantId: string },
    random: Random,
    reported: Reported[],
  ) {
    this.#service = service;
    this.threadId = ids.threadId;
    this.#assistantId = ids.assistantId;
    this.#random = random;
    this.#reported = reported;
  }

  async operate(mark: string): Promise<void> {
    const chance = this.#random.next();
    const idempotencyKey = this.#random.below(2) === 0 ? { idempotencyKey: mark } : {};
    const { threadId } = this;
    if (chance < 0.5)
      await this.#write('message', mark, 'createMessage', 'message { id }', { threadId, text: mark, ...idempotencyKey }); // prettier-ignore
    else {
      const text = chance < 0.75 ? mark : `/tool note {}\n${mark}`;
      await this.#run(mark, { threadId, assistantId: this.#assistantId, additionalMessages: [{ text }], metadata: { mark }, ...idempotencyKey }); // prettier-ignore
    }
  }

  async #run(mark: string, input: object): Promise<void> {
    let run = (await this.#write('run', mark, 'createRun', RUN, input))?.run ?? (await this.#newest(mark));
    if (!run) return;
    if (!(await this.#isOver(run.id))) {
      run = await this.#newest(mark);
      for (let attempt = 0; run?.status === 'REQUIRES_ACTION' && attempt < 5; attempt += 1) {
        const output = `out-${mark}-${attempt}`;
        const toolOutputs = run.requiredToolCalls.map(({ id }) => ({ toolCallId: id, output }));
        const { threadId } = this;
        await this.#write('output', output, 'submitToolOutputs', RUN, { threadId, runId: run.id, toolOutputs });
        run = await this.#newest(mark);
      }
      if (run) await this.#isOver(run.id);
    }
  }

  /** Follows a run until it has ended (true) or waits for outputs (false). Throws if its text has a gap. */
  async #isOver(runId: string): Promise<boolean> {
    for (;;) {
      try {
        const response = await subscribe(this.#service, { threadId: this.threadId, runId });
        const seen = [];
        for await (const { data } of readSse(response)) {
          if (!data) break;
          seen.push(data.runEvents);
          const { run } = data.runEvents;
          if (run?.status !== 'REQUIRES_ACTION' && run?.hasEnded !== true) continue;
          textsOf(seen);
          return run.hasEnded;
        }
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('text is missing')) this.violations.push(error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The run with this mark, read until a read succeeds. */
  async #newest(mark: string): Promise<WaitingRun | null> {
    const document = `query ($id: ID!) { thread(id: $id) { runs(first: 1) { nodes { id status metadata requiredToolCalls { id } } } } }`;
    for (;;) {
      const { data } = await this.#service.query(document, { id: this.threadId });
      const thread = data?.['thread'] as { runs: { nodes: (WaitingRun & { metadata: object })[] } } | null | undefined;
      const [run] = thread?.runs.nodes ?? [];
      if (thread) return run && 'mark' in run.metadata && run.metadata.mark === mark ? run : null;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #write(
    kind: Reported['kind'],
    mark: string,
    name: string,
    selection: string,
    input: object,
  ): Promise<Payload | null> {
    const { data, errors } = await this.#service.query(mutation(name, selection), { input });
    const payload = (data?.['result'] ?? null) as Payload | null;
    const isApplied = payload !== null && payload.userErrors.length === 0;
    const isUnknown = errors?.[0]?.extensions['outcome'] === 'UNKNOWN';
    this.#reported.push({ kind, mark, outcome: isApplied ? 'ACKNOWLEDGED' : isUnknown ? 'UNKNOWN' : 'NOT_APPLIED' });
    return isApplied ? payload : null;
  }
}

test(
  `a history of conversations applies every acknowledged write once (seed ${SEED})`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'history-'));
    cleanUpLater(() => rm(folder, { recursive: true, force: true }));
    const aiml = await listeningUrl(runProcess({ DATA_DIR: folder }, { entry: 'local-aiml/main.js' }));
    const environment = { UPSTREAM: 'aiml', AIML_API_KEY: KEY };
    const direct = await startService({ ...environment, AIML_API_BASE_URL: aiml });
    const proxy = await startFaultyProxy(aiml, SEED);
    const service = await startService(
      {
        ...environment,
        AIML_API_BASE_URL: proxy.url,
        UPSTREAM_ATTEMPT_TIMEOUT_MS: '20000',
        UPSTREAM_DEADLINE_MS: '60000',
      },
      { firstPollMs: 50 },
    );
    const { data } = await direct.query(
      `mutation { createAssistant(input: { model: "built-in", tools: [{ function: { name: "note" } }] }) { assistant { id } } }`,
    );
    const assistantId = (data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant.id;
    const reported: Reported[] = [];
    let started = 0;
    const lanes = await Promise.all(
      Array.from({ length: LANES }, async (_, index) => {
        const created = await direct.query('mutation { createThread(input: {}) { thread { id } } }');
        const threadId = (created.data as { createThread: { thread: { id: string } } }).createThread.thread.id;
        return new Lane(service, { threadId, assistantId }, createRandom(SEED + index), reported);
      }),
    );
    await Promise.all(
      lanes.map(async (lane) => {
        while (started < OPERATIONS) await lane.operate(`op-${(started += 1)}`);
      }),
    );

    const stored = {
      message: new Map<string, number>(),
      run: new Map<string, number>(),
      output: new Map<string, number>(),
    };
    const count = (kind: Reported['kind'], mark: string) => stored[kind].set(mark, (stored[kind].get(mark) ?? 0) + 1);
    for (const { threadId } of lanes) await readAll(direct, threadId, count);
    const violations = [
      ...lanes.flatMap((lane) => lane.violations),
      ...reported.flatMap(({ kind, mark, outcome }) => {
        const times = stored[kind].get(mark) ?? 0;
        const isRight = outcome === 'ACKNOWLEDGED' ? times === 1 : outcome === 'NOT_APPLIED' ? times === 0 : times <= 1;
        return isRight ? [] : [`${kind} ${mark} was ${outcome} and is there ${times} times`];
      }),
    ];
    expect({ seed: SEED, violations }).toEqual({ seed: SEED, violations: [] });
    // A run without faults would prove nothing.
    expect(proxy.happened.size).toBeGreaterThanOrEqual(OPERATIONS < 150 ? 3 : 6);
    const outcomes = new Set(reported.map(({ outcome }) => outcome));
    expect(outcomes.size).toBeGreaterThanOrEqual(OPERATIONS < 150 ? 2 : 3);
  },
  TIMEOUT_MS,
);

interface StoredThread {
  readonly runs: {
    readonly nodes: readonly {
      readonly metadata: Readonly<Record<string, string>>;
      readonly steps: {
        readonly nodes: readonly { readonly toolCalls?: readonly { readonly output?: string | null }[] }[];
      };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** Counts the texts of a thread, as read from upstream itself. */
async function readAll(
  service: TestService,
  threadId: string,
  count: (kind: Reported['kind'], mark: string) => unknown,
): Promise<void> {
  const users = `query ($id: ID!, $after: String) { thread(id: $id) { messages(first: 100, after: $after) {
    nodes { text role } pageInfo { hasNextPage endCursor } } } }`;
  const runs = `query ($id: ID!, $after: String) { thread(id: $id) { runs(first: 10, after: $after) {
    nodes { metadata steps { nodes { ... on ToolCallsStep { toolCalls { ... on FunctionToolCall { output } } } } } }
    pageInfo { hasNextPage endCursor } } } }`;
  interface MessagePage {
    readonly thread: {
      readonly messages: {
        readonly nodes: readonly { readonly text: string; readonly role: string }[];
        readonly pageInfo: StoredThread['runs']['pageInfo'];
      };
    };
  }
  for (let after: string | null = null, hasMore = true; hasMore;) {
    const { data } = await service.query(users, { id: threadId, after });
    const { nodes, pageInfo } = (data as { thread: MessagePage['thread'] }).thread.messages;
    for (const { text, role } of nodes) if (role === 'USER' && text.startsWith('op-')) count('message', text);
    [after, hasMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  for (let after: string | null = null, hasMore = true; hasMore;) {
    const { data } = await service.query(runs, { id: threadId, after });
    const { nodes, pageInfo } = (data as { thread: StoredThread }).thread.runs;
    for (const { metadata, steps } of nodes) {
      count('run', metadata['mark'] ?? '');
      for (const { toolCalls = [] } of steps.nodes)
        for (const { output } of toolCalls) if (typeof output === 'string') count('output', output);
    }
    [after, hasMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
}
