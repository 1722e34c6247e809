/** Owns what the engine and the streams read and write in the SQLite store; see `work-store.ts` for the contract. */
import { setImmediate } from 'node:timers/promises';
import { nowSeconds } from '../../wire/unix-time.ts';
import type { Message } from '../../messages/model.ts';
import {
  startRun,
  waitForOutputs,
  type RequiredToolCall,
  type Run,
  type RunEnd,
  type Tally,
  type Usage,
} from '../../runs/model.ts';
import type { RunStep } from '../../runs/step.ts';
import { ClaimLostError } from '../errors.ts';
import type {
  Claim,
  ClaimedRun,
  ClaimRequest,
  ClaimState,
  ContextItem,
  MessageProgress,
  RunSnapshot,
  WorkStore,
  WrittenMessage,
} from '../work-store.ts';
import { isExpired, parse, toRow, type RunRow } from './run-rows.ts';
import type { StoreParts } from './entity-store.ts';
import { prepareWorkQueries, type WorkQueries } from './work-queries.ts';

/** How often a run that its worker left in progress is taken up again. */
const MAX_TAKE_OVERS = 2;

const LEFT_BEHIND: RunEnd = {
  status: 'failed',
  error: { code: 'server_error', message: 'The process that ran it ended before the run did.' },
};
const LEFT_TOO_OFTEN: RunEnd = {
  status: 'failed',
  error: {
    code: 'server_error',
    message: `The process that ran it ended before the run did, ${MAX_TAKE_OVERS + 1} times; it is not tried again.`,
  },
};

export class SqliteWorkStore implements WorkStore {
  readonly #parts: StoreParts;
  readonly #queries: WorkQueries;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#queries = prepareWorkQueries(parts.database);
  }

  async claimRun({ leaseMs, accounts }: ClaimRequest): Promise<ClaimedRun | undefined> {
    const ofAccounts = JSON.stringify(accounts ?? null);
    // A look without the write lock: most of the time there is nothing to do.
    const hasWork = await this.#parts.transactions.read(
      () => this.#queries.hasWork.get(ofAccounts, Date.now()) !== undefined,
    );
    if (!hasWork) return undefined;
    return this.#parts.transactions.writeRelaxed(() => {
      for (let row = this.#next(ofAccounts); row; row = this.#next(ofAccounts)) {
        const claimed = this.#claim(row, leaseMs);
        if (claimed) return claimed;
      }
      return undefined;
    });
  }

  renewLeases(claims: readonly Claim[], leaseMs: number): Promise<ReadonlyMap<string, ClaimState>> {
    return this.#parts.transactions.writeRelaxed(() => {
      const until = Date.now() + leaseMs;
      return new Map(
        claims.map(({ runId, attempt }): [string, ClaimState] => {
          const renewed = this.#queries.renew.get(until, runId, attempt) as
            { readonly live_status: string } | undefined;
          if (!renewed) return [runId, 'lost'];
          return [runId, renewed.live_status === 'cancelling' ? 'cancelling' : 'held'];
        }),
      );
    });
  }

  releaseRun(claim: Claim): Promise<void> {
    return this.#parts.transactions.writeRelaxed(() => {
      const { run, abandoned } = this.#parts.rows.held(claim);
      // Its take-over counts one; this makes up for it.
      this.#parts.rows.save(run, { lease_until: 0, abandoned: abandoned - 1 });
    });
  }

  startMessage(claim: Claim, message: Message, step: RunStep): Promise<void> {
    return this.#parts.transactions.writeRelaxed(() => {
      const { run } = this.#parts.rows.held(claim);
      this.#parts.tables.messages.insert(run.thread_id, message, this.#parts.tables.nextSequence(run.thread_id), {
        run_id: run.id,
        attempt: claim.attempt,
        is_open: 1,
      });
      this.#insertStep(run, step);
      this.#parts.watch.touch(run.id);
    });
  }

  saveTexts(progress: readonly MessageProgress[]): Promise<ReadonlySet<string>> {
    return this.#parts.transactions.writeRelaxed(() => {
      const lost = new Set<string>();
      for (const { claim, messageId, content } of progress) {
        const { runId, attempt } = claim;
        const saved = this.#queries.saveText.run(JSON.stringify(content), messageId, runId, runId, attempt);
        if (saved.changes === 0) lost.add(runId);
      }
      return lost;
    });
  }

  endMessage(claim: Claim, message: WrittenMessage, tally: Tally): Promise<void> {
    return this.#parts.transactions.write(() => {
      this.#parts.rows.endMessage(this.#parts.rows.held(claim), message);
      this.#parts.rows.saveTally(claim.runId, tally);
    });
  }

  startToolStep(claim: Claim, step: RunStep): Promise<void> {
    return this.#parts.transactions.writeRelaxed(() => {
      this.#insertStep(this.#parts.rows.held(claim).run, step);
      this.#parts.watch.touch(claim.runId);
    });
  }

  requireAction(
    claim: Claim,
    step: RunStep,
    toolCalls: readonly RequiredToolCall[],
    usage: Usage | null,
    tally: Tally,
  ): Promise<Run> {
    return this.#parts.transactions.write(() => {
      const { run } = this.#parts.rows.held(claim);
      // A run that is being cancelled does not begin to wait.
      if (run.status === 'cancelling') throw new ClaimLostError();
      if (this.#parts.tables.steps.find(run.id, step.id) === undefined) this.#insertStep(run, step);
      this.#parts.tables.steps.update(step, { usage: JSON.stringify(usage) });
      this.#parts.rows.saveTally(run.id, tally);
      return this.#parts.rows.save(waitForOutputs(run, toolCalls), { lease_until: 0 });
    });
  }

  endRun(claim: Claim, end: RunEnd, tally: Tally, message?: WrittenMessage): Promise<Run> {
    return this.#parts.transactions.write(() =>
      this.#parts.rows.end(this.#parts.rows.held(claim), end, tally, message),
    );
  }

  async sweep(): Promise<readonly Run[]> {
    const now = Date.now();
    const overdue = (): readonly [RunRow, RunEnd][] => [
      ...toRows(this.#queries.overdue.all(nowSeconds(), nowSeconds(), now)).map((row): [RunRow, RunEnd] => [
        row,
        { status: isExpired(row.run) ? 'expired' : 'cancelled' },
      ]),
      ...toRows(this.#queries.abandonedTooOften.all(now, MAX_TAKE_OVERS))
        .filter(({ run }) => !isExpired(run))
        .map((row): [RunRow, RunEnd] => [row, LEFT_TOO_OFTEN]),
    ];
    const hasWork = await this.#parts.transactions.read(() => overdue().length > 0);
    const ended = hasWork
      ? await this.#parts.transactions.write(() => overdue().map(([row, end]) => this.#parts.rows.end(row, end)))
      : [];
    await this.#parts.transactions.writeRelaxed(() => this.#parts.idempotencyStore.purge());
    await this.cleanUp();
    return ended;
  }

  snapshot(runId: string): Promise<RunSnapshot | undefined> {
    return this.#parts.transactions.read(() => {
      const row = this.#parts.rows.find(runId);
      if (!row || this.#queries.threadExists.get(row.run.thread_id) === undefined) return undefined;
      return {
        attempt: row.attempt,
        run: row.run,
        expiresAt: (this.#queries.expiry.get(runId) as { readonly expires_at: number }).expires_at,
        steps: this.#queries.stepsOf.all(runId).map((step) => parse(step) as RunStep),
        messages: new Map(
          this.#queries.messagesOf.all(runId).map((row) => {
            const message = parse(row) as Message;
            return [message.id, { message, attempt: (row as { readonly attempt: number }).attempt }];
          }),
        ),
      };
    });
  }

  context(threadId: string, before = Number.MAX_SAFE_INTEGER, limit: number): Promise<readonly ContextItem[]> {
    return this.#parts.transactions.read(() => {
      const sequenceOf = (row: unknown) => (row as { readonly sequence: number }).sequence;
      const messages = this.#queries.messagesBefore
        .all(threadId, before, limit)
        .map((row): ContextItem => ({ kind: 'message', sequence: sequenceOf(row), message: parse(row) as Message }));
      const steps = this.#queries.toolStepsBefore
        .all(threadId, before, limit)
        .map((row): ContextItem => ({ kind: 'tool_calls', sequence: sequenceOf(row), step: parse(row) as RunStep }));
      return [...messages, ...steps].sort((a, b) => b.sequence - a.sequence).slice(0, limit);
    });
  }

  watch(runId: string, listener: () => void): () => void {
    return this.#parts.watch.watch(runId, listener);
  }

  accountsWithWork(): Promise<readonly string[]> {
    return this.#parts.transactions.read(() =>
      this.#queries.accountsWithWork.all(Date.now()).map((row) => (row as { readonly account: string }).account),
    );
  }

  /** Deletes what deleted threads left, some rows at a time, so that nothing else waits long. */
  async cleanUp(): Promise<void> {
    const next = () => this.#queries.deletedThread.get() as { readonly id: string } | undefined;
    for (
      let thread = await this.#parts.transactions.read(next);
      thread;
      thread = await this.#parts.transactions.read(next)
    ) {
      const { id } = thread;
      await this.#parts.transactions.write(() => {
        const { deleteMessages, deleteSteps, deleteRuns, forgetThread } = this.#queries;
        if ([deleteMessages, deleteSteps, deleteRuns].every((statement) => statement.run(id).changes === 0))
          forgetThread.run(id);
      });
      await setImmediate();
    }
  }

  #next(ofAccounts: string): RunRow | undefined {
    const abandoned = toRow(this.#queries.abandoned.get(ofAccounts, Date.now()));
    if (abandoned) return abandoned;
    const next = this.#queries.nextAccount.get(ofAccounts) as { readonly account: string } | undefined;
    return next && toRow(this.#queries.oldestQueued.get(next.account));
  }

  /** Undefined if the run has to be ended instead. */
  #claim(row: RunRow, leaseMs: number): ClaimedRun | undefined {
    const isTakeOver = row.run.status === 'in_progress';
    if (isExpired(row.run)) {
      this.#parts.rows.end(row, { status: 'expired' });
      return undefined;
    }
    if (isTakeOver && row.abandoned >= MAX_TAKE_OVERS) {
      this.#parts.rows.end(row, LEFT_TOO_OFTEN);
      return undefined;
    }
    if (isTakeOver) this.#parts.rows.closeOpen(row, LEFT_BEHIND);
    const attempt = row.attempt + 1;
    const run = this.#parts.rows.save(startRun(row.run, nowSeconds()), {
      lease_until: Date.now() + leaseMs,
      attempt,
      abandoned: row.abandoned + (isTakeOver ? 1 : 0),
    });
    return { claim: { runId: row.id, attempt }, account: row.account, run, tally: row.tally, isTakeOver };
  }

  #insertStep(run: Run, step: RunStep): void {
    this.#parts.tables.steps.insert(run.id, step, this.#parts.tables.nextSequence(run.thread_id), {
      thread_id: run.thread_id,
      type: step.type,
    });
  }
}

function toRows(values: readonly unknown[]): readonly RunRow[] {
  return values.flatMap((value) => toRow(value) ?? []);
}
