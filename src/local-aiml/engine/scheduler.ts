/** Owns which runs this process executes: it claims them, renews their leases, and notices what others left behind. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { RunSettings } from '../settings.ts';
import type { ClaimedRun } from '../store/work-store.ts';
import { RunWorker, type WorkerParts } from './run-worker.ts';

/**
 * How long a run stays with a worker that does not renew its lease. Together with the interval of claims this is less than
 * the 15 s within which another process continues the run.
 */
const DEFAULT_LEASE_MS = 13_500;
/** Also how soon a cancel through another process is noticed. */
const RENEW_INTERVAL_MS = 2_000;
/** How soon runs that another process queued or left behind are noticed. */
export const CLAIM_INTERVAL_MS = 1_000;
const SWEEP_INTERVAL_MS = 5_000;
/**
 * What the runs in progress may come to together, as JSON. The process holds some copies of it: what was parsed, the request
 * to the model, and its bytes.
 */
const DEFAULT_BYTES_IN_PROGRESS = 16 * 1024 * 1024;
/** Keys of callers that are kept in memory for their runs. */
const MAX_KEYS = 10_000;

/** The caller. `key` is the bearer token of the request; it is never stored. */
export interface Caller {
  readonly account: string;
  readonly key: string;
}

interface ActiveRun {
  readonly worker: RunWorker;
  readonly done: Promise<void>;
}

const bytesOf = (runs: readonly ActiveRun[]): number => runs.reduce((sum, { worker }) => sum + worker.bytes, 0);

export class Scheduler {
  readonly #parts: WorkerParts;
  readonly #concurrency: number;
  readonly #bytesInProgress: number;
  readonly #leaseMs: number;
  /** Whether a run needs the key of its caller; only runs of callers that were seen are taken up then. */
  readonly #usesCallerKeys: boolean;
  readonly #active = new Map<string, ActiveRun>();
  readonly #keys = new LRUCache<string, string>({ max: MAX_KEYS });
  readonly #timers: NodeJS.Timeout[] = [];
  #isStopping = false;
  #isClaiming = false;
  #claimAgain = false;
  #claiming: Promise<void> = Promise.resolve();
  /** Prolongs all leases, and stops what is cancelled or held by others. Does not reject. */
  readonly renew = this.#exclusive(() => this.#renewLeases());
  readonly #sweep = this.#exclusive(async () => {
    for (const run of await this.#parts.work.sweep()) void this.abandon(run.id);
  });

  constructor(parts: WorkerParts, settings: RunSettings) {
    this.#parts = parts;
    this.#concurrency = settings.runConcurrency;
    this.#bytesInProgress = settings.bytesInProgress ?? DEFAULT_BYTES_IN_PROGRESS;
    this.#leaseMs = settings.leaseMs ?? DEFAULT_LEASE_MS;
    this.#usesCallerKeys = settings.modelApi?.usesCallerKeys ?? false;
  }

  start(): void {
    this.claim();
    this.#every(CLAIM_INTERVAL_MS, () => this.claim());
    this.#every(Math.min(RENEW_INTERVAL_MS, this.#leaseMs / 6), () => void this.renew());
    this.#every(SWEEP_INTERVAL_MS, () => void this.#sweep());
    void this.#sweep();
  }

  /** Takes up what there is, as far as this process has capacity. Returns at once. */
  claim(): void {
    this.#claimAgain = true;
    if (this.#isClaiming || this.#isStopping) return;
    this.#isClaiming = true;
    this.#claiming = this.#claimAll();
  }

  seen({ account, key }: Caller): void {
    if (!this.#usesCallerKeys) return;
    const isNew = this.#keys.get(account) !== key;
    this.#keys.set(account, key);
    if (isNew) this.claim();
  }

  cancel(runId: string): void {
    this.#active.get(runId)?.worker.stop('cancelled');
  }

  /** Another process has the run, or it has ended. Resolves once its worker writes nothing. */
  async abandon(runId: string): Promise<void> {
    const active = this.#active.get(runId);
    active?.worker.stop('lost');
    await active?.done;
  }

  /** Releases every run, so that another process can take it up. Resolves once nothing writes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#claiming;
    const active = [...this.#active.values()];
    for (const { worker } of active) worker.stop('stopping');
    await Promise.all(active.map(({ done }) => done));
  }

  async #claimAll(): Promise<void> {
    try {
      while (this.#claimAgain && !this.#isStopping) await this.#claimAvailable();
    } catch (error) {
      this.#report(error);
    } finally {
      // In the same step in which nothing was to be claimed: a later call begins again.
      this.#isClaiming = false;
    }
  }

  async #claimAvailable(): Promise<void> {
    this.#claimAgain = false;
    const accounts = await this.#accounts();
    if (accounts?.length === 0) return;
    while (this.#hasCapacity) {
      const claimed = await this.#parts.work.claimRun({
        leaseMs: this.#leaseMs,
        maxBytes: this.#availableBytes,
        maxBytesOf: (account) => this.#availableBytesOf(account),
        ...(accounts ? { accounts } : {}),
      });
      if (!claimed) break;
      this.#execute(claimed);
      // A claim is a write to disk: others get their turn between two of them.
      await nextTick();
    }
  }

  get #hasCapacity(): boolean {
    return !this.#isStopping && this.#active.size < this.#concurrency;
  }

  /** A run that has more than all may have together runs alone. */
  get #availableBytes(): number {
    return this.#active.size === 0 ? Infinity : this.#bytesInProgress - bytesOf([...this.#active.values()]);
  }

  /** The runs of an account have at most half of the bytes, so that its slow models do not hold up other accounts. */
  #availableBytesOf(account: string): number {
    const ofAccount = [...this.#active.values()].filter(({ worker }) => worker.account === account);
    return ofAccount.length === 0 ? Infinity : this.#bytesInProgress / 2 - bytesOf(ofAccount);
  }

  /** Undefined for all accounts. */
  async #accounts(): Promise<readonly string[] | undefined> {
    if (!this.#usesCallerKeys) return undefined;
    if (this.#keys.size === 0) return [];
    return (await this.#parts.work.accountsWithWork()).filter((account) => this.#keys.has(account));
  }

  #execute(claimed: ClaimedRun): void {
    const { runId } = claimed.claim;
    const worker = new RunWorker(this.#parts, claimed, this.#keys.get(claimed.account), () => this.claim());
    const before = this.#active.get(runId);
    // The process stood still for so long that it took over its own run.
    before?.worker.stop('lost');
    const done = worker.execute().then(() => {
      if (this.#active.get(runId)?.worker === worker) this.#active.delete(runId);
      this.claim();
    });
    this.#active.set(runId, { worker, done });
    if (this.#isStopping) worker.stop('stopping');
  }

  async #renewLeases(): Promise<void> {
    if (this.#active.size === 0) return;
    const workers = [...this.#active.values()].map(({ worker }) => worker);
    const claims = workers.map(({ claim }) => claim);
    const states = await this.#parts.work.renewLeases(claims, this.#leaseMs);
    for (const worker of workers) {
      const state = states.get(worker.claim.runId);
      if (state === 'cancelling') worker.stop('cancelled');
      else if (state === 'lost') worker.stop('lost');
    }
  }

  /** Runs `task` unless it is still running. Its errors are logged. */
  #exclusive(task: () => Promise<void>): () => Promise<void> {
    let isRunning = false;
    return async () => {
      if (isRunning) return;
      isRunning = true;
      await task().catch((error: unknown) => this.#report(error));
      isRunning = false;
    };
  }

  #every(intervalMs: number, task: () => void): void {
    const timer = setInterval(task, intervalMs);
    timer.unref();
    this.#timers.push(timer);
  }

  #report(error: unknown): void {
    this.#parts.logger?.error({ err: error }, 'the store failed the engine');
  }
}
