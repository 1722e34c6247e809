/**
 * The rows of runs and of what they write, and every change of a run's state. The transitions themselves are in
 * `runs/model.ts`. Calls run within a transaction.
 */
import type Database from 'libsql';
import { nowSeconds } from '../../wire/unix-time.ts';
import { endMessage, type Message } from '../../messages/model.ts';
import { beginCancel, endRun, toMessageEnd, type Run, type RunEnd, type Tally } from '../../runs/model.ts';
import { completeStep, endStep, type RunStep } from '../../runs/step.ts';
import { ApiError } from '../../api/api-error.ts';
import { ClaimLostError, ThreadBusyError } from '../errors.ts';
import type { Claim, WrittenMessage } from '../work-store.ts';
import type { RunWatch } from './run-watch.ts';
import type { Tables } from './tables.ts';

export interface RunRow {
  readonly id: string;
  readonly account: string;
  readonly attempt: number;
  readonly abandoned: number;
  readonly expires_at: number;
  readonly bytes: number;
  readonly run: Run;
  readonly tally: Tally;
}

/** The columns of a {@link RunRow}. */
export const RUN_COLUMNS = 'id, account, attempt, abandoned, expires_at, bytes, tally, json';

export class RunRows {
  readonly #tables: Tables;
  readonly #watch: RunWatch;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database, tables: Tables, watch: RunWatch) {
    this.#tables = tables;
    this.#watch = watch;
    this.#statements = prepareStatements(database);
  }

  find(runId: string): RunRow | undefined {
    return toRow(this.#statements.find.get(runId));
  }

  /** Whether the thread has a live run that has expired. */
  isOverdue(threadId: string): boolean {
    return this.#statements.overdueOf.get(threadId, nowSeconds()) !== undefined;
  }

  /** The live run of a thread; one that has expired is ended first. */
  unexpiredLiveOf(threadId: string): RunRow | undefined {
    const row = toRow(this.#statements.liveOf.get(threadId));
    if (!row || !isExpired(row.run)) return row;
    this.end(row, { status: 'expired' });
    return undefined;
  }

  /** Throws {@link ThreadBusyError} if the thread has a live run. `toMessage` gets the id of the run. */
  rejectLive(threadId: string, toMessage: (runId: string) => string): void {
    const live = this.unexpiredLiveOf(threadId);
    if (live) throw new ThreadBusyError(toMessage(live.id));
  }

  /** The row that a worker holds. Throws {@link ClaimLostError} if it does not hold it any more. */
  held({ runId, attempt }: Claim): RunRow {
    const row = toRow(this.#statements.held.get(runId, attempt));
    if (!row) throw new ClaimLostError();
    return row;
  }

  /** As {@link held}, without reading the run, which can be large. */
  rejectLost({ runId, attempt }: Claim): void {
    if (this.#statements.isHeld.get(runId, attempt) === undefined) throw new ClaimLostError();
  }

  insert(account: string, run: Run): void {
    this.#tables.runs.insert(run.thread_id, run, this.#tables.nextSequence(run.thread_id), {
      account,
      live_status: run.status,
      expires_at: run.expires_at,
      tally: '{"modelCalls":0,"usage":null,"costUsd":null}',
    });
    this.#watch.touch(run.id);
  }

  /** Saves a live run after a transition, with what changes of its claim. */
  save(run: Run, claim: { lease_until?: number; attempt?: number; abandoned?: number } = {}): Run {
    this.#tables.runs.update(run, { live_status: run.status, ...claim });
    this.#watch.touch(run.id);
    return run;
  }

  saveTally(runId: string, tally: Tally): void {
    this.#statements.saveTally.run(JSON.stringify(tally), runId);
  }

  /** Ends a run and what it has open: `message` with what it says, everything else with the run's fate. */
  end(row: RunRow, end: RunEnd, tally: Tally = row.tally, message?: WrittenMessage): Run {
    const now = nowSeconds();
    if (message) this.endMessage(row, message);
    this.closeOpen(row, end);
    const run = endRun(row.run, end, tally, now);
    this.#tables.runs.update(run, { live_status: null, lease_until: 0, tally: JSON.stringify(tally) });
    this.#watch.touch(run.id);
    return run;
  }

  /** Ends the open messages and steps of a run as `end` says. The run itself may continue. */
  closeOpen({ id }: RunRow, end: RunEnd): void {
    const now = nowSeconds();
    for (const message of this.openMessages(id))
      this.#tables.messages.update(endMessage(message, toMessageEnd(end), now), { is_open: 0 });
    for (const step of this.openSteps(id)) this.#tables.steps.update(endStep(step, end, now), { is_open: 0 });
  }

  /** Ends a message and its step, with its whole content. */
  endMessage({ id }: RunRow, { messageId, content, end, usage }: WrittenMessage): void {
    const now = nowSeconds();
    const message = this.openMessages(id).find((open) => open.id === messageId);
    if (!message) throw new ClaimLostError();
    this.#tables.messages.update(endMessage({ ...message, content }, end, now), { is_open: 0 });
    for (const step of this.openSteps(id))
      if (step.step_details.type === 'message_creation' && step.step_details.message_creation.message_id === messageId)
        // The step of a message that was cut takes the fate of the run, which ends next.
        if (end.status === 'completed') this.#tables.steps.update(completeStep(step, usage, now), { is_open: 0 });
        else this.#tables.steps.update({ ...step, usage });
    this.#watch.touch(id);
  }

  /** A run that no worker holds ends at once; another is `cancelling` until its worker has stopped. */
  cancel(row: RunRow): Run {
    switch (row.run.status) {
      case 'queued':
      case 'requires_action':
        return this.end(row, { status: 'cancelled' });
      case 'in_progress':
        return this.save(beginCancel(row.run));
      default:
        throw new ApiError(400, `Cannot cancel run with status '${row.run.status}'.`);
    }
  }

  openMessages(runId: string): readonly Message[] {
    return this.#statements.openMessages.all(runId).map((row) => parse(row) as Message);
  }

  openSteps(runId: string): readonly RunStep[] {
    return this.#statements.openSteps.all(runId).map((row) => parse(row) as RunStep);
  }
}

export function isExpired({ expires_at }: Run): boolean {
  return expires_at !== null && expires_at <= nowSeconds();
}

/** The object of a row; its table says which kind that is. */
export function parse(row: unknown): unknown {
  return JSON.parse((row as { readonly json: string }).json);
}

export function toRow(value: unknown): RunRow | undefined {
  if (value === undefined) return undefined;
  const { json, tally, ...row } = value as Omit<RunRow, 'run' | 'tally'> & {
    readonly json: string;
    readonly tally: string;
  };
  return { ...row, run: JSON.parse(json) as Run, tally: JSON.parse(tally) as Tally };
}

function prepareStatements(database: Database.Database) {
  const isHeld = "id = ? AND attempt = ? AND live_status IN ('in_progress', 'cancelling')";
  return {
    find: database.prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = ?`),
    liveOf: database.prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE parent = ? AND live_status IS NOT NULL`),
    overdueOf: database.prepare('SELECT 1 FROM runs WHERE parent = ? AND live_status IS NOT NULL AND expires_at <= ?'),
    held: database.prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE ${isHeld}`),
    isHeld: database.prepare(`SELECT 1 FROM runs WHERE ${isHeld}`),
    saveTally: database.prepare('UPDATE runs SET tally = ? WHERE id = ?'),
    openMessages: database.prepare('SELECT json FROM messages WHERE run_id = ? AND is_open = 1'),
    openSteps: database.prepare('SELECT json FROM steps WHERE parent = ? AND is_open = 1'),
  };
}
