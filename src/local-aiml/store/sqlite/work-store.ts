/** Owns what the engine and the streams read and write in the SQLite store; see `work-store.ts` for the contract. */
import { setImmediate } from 'node:timers/promises';
import { nowSeconds } from '../../wire/unix-time.ts';
import type { Message } from '../../messages/model.ts';
import { startRun, waitForOutputs, type Run, type RunEnd } from '../../runs/model.ts';
import type { RunStep } from '../../runs/step.ts';
import { ClaimLostError } from '../errors.ts';
import {
  MAX_CONTEXT_BYTES,
  type ClaimedRun,
  type ClaimState,
  type ContextItem,
  type WorkStore,
} from '../work-store.ts';
import { isExpired, parse, toRow, type RunRow } from './run-rows.ts';
import type { StoreParts } from './entity-store.ts';
import { countWithin } from './entity-table.ts';
import { prepareStatements } from './work-statements.ts';

/** How often a run that its worker left in progress is taken up again. */
const MAX_TAKE_OVERS = 2;
/** A page of a context ends here: parsing it holds up everything else. */
const MAX_CONTEXT_PAGE_BYTES = 1024 * 1024;

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

export interface SqliteWorkStore extends WorkStore {
  /** Deletes what deleted threads left, some rows at a time, so that nothing else waits long. */
  cleanUp(): Promise<void>;
}

export function createWorkStore({
  database,
  transactions,
  tables,
  rows,
  watch,
  idempotencyStore,
}: StoreParts): SqliteWorkStore {
  const queries = prepareStatements(database);

  const insertStep = (step: RunStep): void => {
    const { run_id, thread_id, type } = step;
    tables.steps.insert(run_id, step, tables.nextSequence(thread_id), { thread_id, type });
  };

  const oldestQueued = (account: string): RunRow | undefined => toRow(queries.oldestQueued.get(account));

  /** Runs that can be claimed, in turn. Each is read when it is its turn, because a claim changes the others. */
  function* claimable(ofAccounts: string): Generator<RunRow> {
    for (const { id } of queries.abandoned.all(ofAccounts, Date.now()) as readonly { readonly id: string }[]) {
      const row = rows.find(id);
      if (row) yield row;
    }
    const accounts = queries.accountsInTurn.all(ofAccounts) as readonly { readonly account: string }[];
    for (const { account } of accounts) {
      let last: RunRow | undefined;
      // Another one is the oldest if the last one was ended. Otherwise it waits, and the account with it.
      for (let row = oldestQueued(account); row && row.id !== last?.id; row = oldestQueued(account)) {
        yield row;
        last = row;
      }
    }
  }

  /** How a run that cannot be claimed any more ends. */
  const endInsteadOfClaim = ({ run, abandoned }: RunRow): RunEnd | undefined => {
    if (isExpired(run)) return { status: 'expired' };
    return run.status === 'in_progress' && abandoned >= MAX_TAKE_OVERS ? LEFT_TOO_OFTEN : undefined;
  };

  const contextBytesOf = ({ thread_id: id }: Run): number => {
    const { bytes } = queries.contextBytes.get(id) as { readonly bytes: number };
    return Math.min(bytes, MAX_CONTEXT_BYTES);
  };

  const claim = (row: RunRow, contextBytes: number, leaseMs: number): ClaimedRun => {
    const isTakeOver = row.run.status === 'in_progress';
    if (isTakeOver) rows.closeOpen(row, LEFT_BEHIND);
    const attempt = row.attempt + 1;
    const run = rows.save(startRun(row.run, nowSeconds()), {
      lease_until: Date.now() + leaseMs,
      attempt,
      abandoned: row.abandoned + (isTakeOver ? 1 : 0),
    });
    const { id: runId, account, tally, bytes: runBytes } = row;
    return { claim: { runId, attempt }, account, run, tally, runBytes, contextBytes, isTakeOver };
  };

  const findOverdue = (): readonly (readonly [RunRow, RunEnd])[] => {
    const now = Date.now();
    const overdue = toRows(queries.overdue.all(nowSeconds(), nowSeconds(), now));
    const abandoned = toRows(queries.abandonedTooOften.all(now, MAX_TAKE_OVERS)).filter(({ run }) => !isExpired(run));
    return [
      ...overdue.map((row) => [row, { status: isExpired(row.run) ? 'expired' : 'cancelled' }] as const),
      ...abandoned.map((row) => [row, LEFT_TOO_OFTEN] as const),
    ];
  };

  const cleanUp = async (): Promise<void> => {
    const next = () => transactions.read(() => queries.deletedThread.get() as { readonly id: string } | undefined);
    for (let thread = await next(); thread; thread = await next()) {
      const { id } = thread;
      await transactions.write(() => {
        const { deleteMessages, deleteSteps, deleteRuns, forgetThread } = queries;
        if ([deleteMessages, deleteSteps, deleteRuns].every((statement) => statement.run(id).changes === 0))
          forgetThread.run(id);
      });
      await setImmediate();
    }
  };

  return {
    async claimRun({ leaseMs, accounts, maxBytes = Infinity, maxBytesOf = () => Infinity }) {
      const ofAccounts = JSON.stringify(accounts ?? null);
      // A look without the write lock: most of the time there is nothing to do.
      const hasWork = await transactions.read(() => queries.hasWork.get(ofAccounts, Date.now()) !== undefined);
      if (!hasWork) return undefined;
      return transactions.writeRelaxed(() => {
        for (const row of claimable(ofAccounts)) {
          const end = endInsteadOfClaim(row);
          if (end) {
            rows.end(row, end);
            continue;
          }
          const contextBytes = contextBytesOf(row.run);
          const bytes = row.bytes + contextBytes;
          if (bytes > maxBytesOf(row.account)) continue;
          return bytes > maxBytes ? undefined : claim(row, contextBytes, leaseMs);
        }
        return undefined;
      });
    },

    renewLeases: (claims, leaseMs) =>
      transactions.writeRelaxed(() => {
        const until = Date.now() + leaseMs;
        return new Map(
          claims.map(({ runId, attempt }): [string, ClaimState] => {
            const renewed = queries.renew.get(until, runId, attempt) as { readonly live_status: string } | undefined;
            if (!renewed) return [runId, 'lost'];
            return [runId, renewed.live_status === 'cancelling' ? 'cancelling' : 'held'];
          }),
        );
      }),

    releaseRun: (held) =>
      transactions.writeRelaxed(() => {
        const { run, abandoned } = rows.held(held);
        // Its take-over counts one; this makes up for it.
        rows.save(run, { lease_until: 0, abandoned: abandoned - 1 });
      }),

    startMessage: (held, message, step) =>
      transactions.writeRelaxed(() => {
        rows.rejectLost(held);
        const { runId, attempt } = held;
        const { thread_id: threadId } = message;
        tables.messages.insert(threadId, message, tables.nextSequence(threadId), {
          run_id: runId,
          attempt,
          is_open: 1,
        });
        insertStep(step);
        watch.touch(runId);
      }),

    saveTexts: (progress) =>
      transactions.writeRelaxed(() => {
        const lost = new Set<string>();
        for (const { claim: held, messageId, content } of progress) {
          const { runId, attempt } = held;
          const saved = queries.saveText.run(JSON.stringify(content), messageId, runId, runId, attempt);
          if (saved.changes === 0) lost.add(runId);
        }
        return lost;
      }),

    endMessage: (held, message, tally) =>
      transactions.write(() => {
        rows.endMessage(rows.held(held), message);
        rows.saveTally(held.runId, tally);
      }),

    startToolStep: (held, step) =>
      transactions.writeRelaxed(() => {
        rows.rejectLost(held);
        insertStep(step);
        watch.touch(held.runId);
      }),

    requireAction: (held, step, toolCalls, usage, tally) =>
      transactions.write(() => {
        const { run } = rows.held(held);
        // A run that is being cancelled does not begin to wait.
        if (run.status === 'cancelling') throw new ClaimLostError();
        if (tables.steps.find(run.id, step.id) === undefined) insertStep(step);
        tables.steps.update(step, { usage: JSON.stringify(usage) });
        rows.saveTally(run.id, tally);
        return rows.save(waitForOutputs(run, toolCalls), { lease_until: 0 });
      }),

    endRun: (held, end, tally, message) => transactions.write(() => rows.end(rows.held(held), end, tally, message)),

    async sweep() {
      const hasWork = await transactions.read(() => findOverdue().length > 0);
      const ended = hasWork
        ? await transactions.write(() => findOverdue().map(([row, end]) => rows.end(row, end)))
        : [];
      await transactions.writeRelaxed(() => idempotencyStore.purge());
      await cleanUp();
      return ended;
    },

    snapshot: (runId) =>
      transactions.read(() => {
        const row = rows.find(runId);
        if (!row || queries.threadExists.get(row.run.thread_id) === undefined) return undefined;
        const messages = queries.messagesOf.all(runId).map((found) => {
          const message = parse(found) as Message;
          return [message.id, { message, attempt: (found as { readonly attempt: number }).attempt }] as const;
        });
        return {
          attempt: row.attempt,
          run: row.run,
          expiresAt: row.expires_at,
          steps: queries.stepsOf.all(runId).map((step) => parse(step) as RunStep),
          messages: new Map(messages),
        };
      }),

    context: (threadId, before = Number.MAX_SAFE_INTEGER, limit) =>
      transactions.read(() => {
        const sizes = queries.contextSizes.all(threadId, before, limit + 1) as ContextRow[];
        const count = countWithin(sizes, limit, MAX_CONTEXT_PAGE_BYTES);
        const next = sizes[count - 1]?.sequence ?? before;
        const messages = queries.messagesBetween.all(threadId, next, before).map((row): ContextItem => {
          const { sequence, bytes } = row as ContextRow;
          return { kind: 'message', sequence, bytes, message: parse(row) as Message };
        });
        const steps = queries.toolStepsBetween.all(threadId, next, before).map((row): ContextItem => {
          const { sequence, bytes } = row as ContextRow;
          return { kind: 'tool_calls', sequence, bytes, step: parse(row) as RunStep };
        });
        const items = [
          ...messages,
          ...steps.filter((item) => item.kind === 'message' || item.step.status === 'completed'),
        ];
        return {
          items: items.sort((a, b) => b.sequence - a.sequence),
          next: sizes.length > count ? next : null,
        };
      }),

    watch: (runId, listener) => watch.watch(runId, listener),

    accountsWithWork: () =>
      transactions.read(() =>
        queries.accountsWithWork.all(Date.now()).map((row) => (row as { readonly account: string }).account),
      ),

    cleanUp,
  };
}

interface ContextRow {
  readonly sequence: number;
  readonly bytes: number;
}

function toRows(values: readonly unknown[]): readonly RunRow[] {
  return values.flatMap((value) => toRow(value) ?? []);
}
