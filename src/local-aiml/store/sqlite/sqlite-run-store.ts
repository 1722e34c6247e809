/** Owns what requests read and write of runs in the SQLite store; see `store.ts` for the contract. */
import type Database from 'libsql';
import { nowSeconds } from '../../wire/unix-time.ts';
import { resumeRun, type Run, type Usage } from '../../runs/model.ts';
import { completeStep, withOutputs } from '../../runs/step.ts';
import {
  NotFoundError,
  ThreadBusyError,
  ToolOutputsMismatchError,
  TooManyRunsError,
  WrongStateError,
} from '../errors.ts';
import type { Idempotency, NewRun, Owner, RunStore, ToolOutput } from '../store.ts';
import { EntityStore, type StoreParts } from './entity-store.ts';
import type { RunRow } from './run-rows.ts';
import { insertMessages, insertThread } from './thread-rows.ts';

/** Runs that may wait for a worker: of one account, and of all. */
const MAX_QUEUED_OF_ACCOUNT = 1_000;
const MAX_QUEUED = 10_000;

export class SqliteRunStore extends EntityStore<Run> implements RunStore {
  readonly #queued: Database.Statement;
  readonly #queuedOfAccount: Database.Statement;
  readonly #usageOfStep: Database.Statement;

  constructor(parts: StoreParts) {
    super(parts, parts.tables.runs);
    const { database } = parts;
    this.#queued = database.prepare("SELECT count(*) AS count FROM runs WHERE live_status = 'queued'");
    this.#queuedOfAccount = database.prepare(
      "SELECT count(*) AS count FROM runs WHERE live_status = 'queued' AND account = ?",
    );
    this.#usageOfStep = database.prepare('SELECT usage FROM steps WHERE id = ?');
  }

  create(account: string, { run, newThread, messages }: NewRun, idempotency: Idempotency): Promise<Run> {
    const { transactions, tables, rows, idempotencyStore } = this.parts;
    return transactions.write(() =>
      idempotencyStore.once(
        account,
        idempotency,
        (id) => this.#runOf(account, id),
        () => {
          if (newThread) insertThread(tables, account, newThread);
          else tables.threads.get(account, run.thread_id);
          const live = rows.unexpiredLiveOf(run.thread_id);
          if (live) throw new ThreadBusyError(run.thread_id, live.id);
          this.#checkQueue(account);
          insertMessages(tables, account, run.thread_id, messages);
          rows.insert(account, run);
          return { id: run.id, value: run };
        },
      ),
    );
  }

  submitToolOutputs(owner: Owner, id: string, outputs: readonly ToolOutput[], idempotency: Idempotency): Promise<Run> {
    return this.#change(owner, id, idempotency, (row) => this.#resume(row, outputs));
  }

  cancel(owner: Owner, id: string, idempotency: Idempotency): Promise<Run> {
    return this.#change(owner, id, idempotency, (row) => this.parts.rows.cancel(row));
  }

  cancelLiveRun(owner: Owner): Promise<Run | null> {
    const { transactions, tables, rows } = this.parts;
    return transactions.write(() => {
      const live = rows.unexpiredLiveOf(tables.parentOf(owner));
      return live ? rows.end(live, { status: 'cancelled' }) : null;
    });
  }

  /** A transition of a run that is there, once for a request however often that is sent. */
  #change(owner: Owner, id: string, idempotency: Idempotency, transition: (row: RunRow) => Run): Promise<Run> {
    const { transactions, tables, rows, idempotencyStore } = this.parts;
    const [account] = owner;
    return transactions.write(() => {
      const threadId = tables.parentOf(owner);
      tables.runs.get(threadId, id);
      rows.unexpiredLiveOf(threadId);
      return idempotencyStore.once(
        account,
        idempotency,
        (runId) => this.#runOf(account, runId),
        () => {
          const row = rows.find(id);
          if (!row) throw new NotFoundError('run', id);
          return { id, value: transition(row) };
        },
      );
    });
  }

  #runOf(account: string, id: string): Run | undefined {
    const row = this.parts.rows.find(id);
    return row && this.parts.tables.threads.find(account, row.run.thread_id) !== undefined ? row.run : undefined;
  }

  #resume(row: RunRow, outputs: readonly ToolOutput[]): Run {
    const { tables, rows } = this.parts;
    const { run } = row;
    if (run.status !== 'requires_action') throw new WrongStateError(run.status);
    const pending = (run.required_action?.submit_tool_outputs.tool_calls ?? []).map((call) => call.id);
    const received = outputs.map((output) => output.tool_call_id);
    const isComplete = received.length === pending.length && pending.every((callId) => received.includes(callId));
    if (!isComplete) throw new ToolOutputsMismatchError(pending, received);
    for (const step of rows.openSteps(run.id)) {
      const { usage } = this.#usageOfStep.get(step.id) as { readonly usage: string | null };
      const withOutput = withOutputs(step, new Map(outputs.map((output) => [output.tool_call_id, output.output])));
      const completed = completeStep(withOutput, JSON.parse(usage ?? 'null') as Usage | null, nowSeconds());
      tables.steps.update(completed, { is_open: 0 });
    }
    return rows.save(resumeRun(run), { lease_until: 0 });
  }

  #checkQueue(account: string): void {
    const count = (row: unknown) => (row as { readonly count: number }).count;
    if (count(this.#queuedOfAccount.get(account)) >= MAX_QUEUED_OF_ACCOUNT) throw new TooManyRunsError(true);
    if (count(this.#queued.get()) >= MAX_QUEUED) throw new TooManyRunsError(false);
  }
}
