/** Owns what requests read and write of runs in the SQLite store; see `store.ts` for the contract. */
import { nowSeconds } from '../../wire/unix-time.ts';
import { resumeRun, type Run, type Usage } from '../../runs/model.ts';
import { completeStep, withOutputs } from '../../runs/step.ts';
import { ApiError, shownId } from '../../api/api-error.ts';
import { NotFoundError, tooManyRuns } from '../errors.ts';
import type { Idempotency, Owner, RunStore, ToolOutput } from '../store.ts';
import { createEntityStore, type StoreParts } from './entity-store.ts';
import type { RunRow } from './run-rows.ts';
import { insertMessages, insertThread } from './thread-stores.ts';

/** Runs that may wait for a worker: of one account, and of all. */
const MAX_QUEUED_OF_ACCOUNT = 1_000;
const MAX_QUEUED = 10_000;

export function createRunStore(parts: StoreParts): RunStore {
  const { database, transactions, tables, rows, idempotencyStore } = parts;
  const queued = database.prepare("SELECT count(*) AS count FROM runs WHERE live_status = 'queued'");
  const queuedOfAccount = database.prepare(
    "SELECT count(*) AS count FROM runs WHERE live_status = 'queued' AND account = ?",
  );
  const usageOfStep = database.prepare('SELECT usage FROM steps WHERE id = ?');

  const findRun = (account: string, id: string): Run | undefined => {
    const row = rows.find(id);
    return row && tables.threads.find(account, row.run.thread_id) !== undefined ? row.run : undefined;
  };

  const checkQueue = (account: string): void => {
    const count = (row: unknown) => (row as { readonly count: number }).count;
    if (count(queuedOfAccount.get(account)) >= MAX_QUEUED_OF_ACCOUNT) throw tooManyRuns(true);
    if (count(queued.get()) >= MAX_QUEUED) throw tooManyRuns(false);
  };

  /** A transition of a run that is there, once for a request however often that is sent. */
  const change = (owner: Owner, id: string, idempotency: Idempotency, transition: (row: RunRow) => Run): Promise<Run> =>
    transactions.write(() => {
      const threadId = tables.parentOf(owner);
      tables.runs.get(threadId, id);
      rows.unexpiredLiveOf(threadId);
      const [account] = owner;
      return idempotencyStore.once(
        account,
        id,
        idempotency,
        (runId) => findRun(account, runId),
        () => {
          const row = rows.find(id);
          if (!row) throw new NotFoundError('run', id);
          return transition(row);
        },
      );
    }, owner[0]);

  const resume = ({ run }: RunRow, outputs: readonly ToolOutput[]): Run => {
    if (run.status !== 'requires_action')
      throw new ApiError(400, `Runs in status "${run.status}" do not accept tool outputs.`);
    const pending = (run.required_action?.submit_tool_outputs.tool_calls ?? []).map((call) => call.id);
    const received = outputs.map((output) => output.tool_call_id);
    const isComplete = received.length === pending.length && pending.every((callId) => received.includes(callId));
    if (!isComplete)
      throw new ApiError(
        400,
        `Expected tool outputs for call_ids ${toPythonList(pending)}, got ${toPythonList(received)}`,
      );
    for (const step of rows.openSteps(run.id)) {
      const { usage } = usageOfStep.get(step.id) as { readonly usage: string | null };
      const withOutput = withOutputs(step, new Map(outputs.map((output) => [output.tool_call_id, output.output])));
      const completed = completeStep(withOutput, JSON.parse(usage ?? 'null') as Usage | null, nowSeconds());
      tables.steps.update(completed, { is_open: 0 });
    }
    return rows.save(resumeRun(run), { lease_until: 0 });
  };

  return {
    ...createEntityStore(parts, tables.runs),
    create: (account, { run, newThread, messages }, idempotency) =>
      transactions.write(
        () =>
          idempotencyStore.once(
            account,
            run.id,
            idempotency,
            (id) => findRun(account, id),
            () => {
              if (newThread) insertThread(tables, account, newThread);
              else tables.threads.get(account, run.thread_id);
              rows.rejectLive(
                run.thread_id,
                (liveId) => `Thread ${run.thread_id} already has an active run ${liveId}.`,
              );
              checkQueue(account);
              insertMessages(tables, account, run.thread_id, messages);
              rows.insert(account, run);
              return run;
            },
          ),
        account,
      ),
    submitToolOutputs: (owner, id, outputs, idempotency) =>
      change(owner, id, idempotency, (row) => resume(row, outputs)),
    cancel: (owner, id, idempotency) => change(owner, id, idempotency, (row) => rows.cancel(row)),
    cancelLiveRun: (owner) =>
      transactions.write(() => {
        const live = rows.unexpiredLiveOf(tables.parentOf(owner));
        return live ? rows.end(live, { status: 'cancelled' }) : null;
      }, owner[0]),
  };
}

/** As Python writes a list of strings. */
function toPythonList(ids: readonly string[]): string {
  return `[${ids.map((id) => `'${shownId(id)}'`).join(', ')}]`;
}
