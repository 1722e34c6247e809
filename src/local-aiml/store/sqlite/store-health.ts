/** Owns what the operator is shown when the store stops working: one line when it begins, and one when it is over. */
import { StoreFailedError, StoreFullError } from '../errors.ts';

/** Gets one line that names the setting to look at, or null once the store works again. */
export type ReportHealth = (problem: string | null) => void;

const FULL =
  'The store in DATA_DIR cannot grow (a full disk, a quota or a limit of file sizes): nothing can be written until there is space.';
const DAMAGED = 'The store in DATA_DIR is damaged: put back a copy of it, or set DATA_DIR to another folder.';
const FAILED = 'The store in DATA_DIR cannot be read or written: check the disk.';

export class StoreHealth {
  readonly #report: ReportHealth;
  #problem: string | null = null;

  constructor(report: ReportHealth) {
    this.#report = report;
  }

  /** A write that was made says that there is space again; damage stays, wherever it is. */
  onCommit(wasWrite: boolean): void {
    if (wasWrite && this.#problem !== null && this.#problem !== DAMAGED) this.#set(null);
  }

  onRollback(error: unknown): void {
    if (error instanceof StoreFullError) this.#set(FULL);
    else if (error instanceof StoreFailedError) this.#set(error.isDamaged ? DAMAGED : FAILED);
  }

  #set(problem: string | null): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#report(problem);
  }
}
