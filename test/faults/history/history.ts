// Runs a history of mixed operations, records what was reported for each, and compares that with the store.
//
// Operations run in lanes. A lane works on its own assistants, one operation at a time, so that it always knows their
// possible states. Every write sets a unique name, so that the store shows which writes were applied.
//
// Operations run in lanes. A lane works on assistants of its own, one operation at a time, so that it always knows what
// they may look like; every write leaves a name of its own behind, so that the store can tell which writes took place.
import type { FaultyStore } from './faulty-store.ts';
import { createRandom, type Random } from '../../support/random.ts';
import type { Reply, Target } from './target.ts';

const LANES = 80;
/** The share of operations after which the outage begins. */
const OUTAGE_AFTER = 0.5;
const OUTAGE_MS = 600;
/** The pause of a lane after an error that says that upstream is unavailable. */
const PAUSE_MS = 200;

type Write = 'create' | 'update' | 'delete';

/** The reported outcome of a write. */
interface Reported {
  readonly write: Write;
  /** The name that the write sets; for a delete, the id. */
  readonly mark: string;
  readonly outcome: 'ACKNOWLEDGED' | 'NOT_APPLIED' | 'UNKNOWN';
}

export interface History {
  readonly reported: readonly Reported[];
  /** The numbers of reads that succeeded and that failed. */
  readonly reads: { succeeded: number; failed: number };
  /** Descriptions of everything that contradicts the reports. */
  readonly violations: string[];
}

export async function writeHistory(
  target: Target,
  store: FaultyStore,
  operations: number,
  seed: number,
): Promise<History> {
  const reported: Reported[] = [];
  const reads = { succeeded: 0, failed: 0 };
  const violations: string[] = [];
  const lanes: Lane[] = [];
  let started = 0;
  let outage: NodeJS.Timeout | undefined;

  const next = (): number | null => {
    if (started >= operations) return null;
    started += 1;
    if (started > operations * OUTAGE_AFTER && !outage) {
      store.isDown = true;
      outage = setTimeout(() => (store.isDown = false), OUTAGE_MS);
    }
    return started;
  };

  await Promise.all(
    Array.from({ length: LANES }, async (_, index) => {
      const lane = new Lane(target, createRandom(seed + index), { reported, reads, violations });
      lanes.push(lane);
      for (let number = next(); number !== null; number = next()) await lane.operate(`op-${number}`);
    }),
  );
  compare(reported, store, violations);
  for (const lane of lanes) lane.compare(store);
  return { reported, reads, violations };
}

class Lane {
  readonly #target: Target;
  readonly #random: Random;
  readonly #history: History & { reported: Reported[] };
  /** The assistants that certainly exist, each with its possible names. */
  readonly #alive = new Map<string, Set<string>>();
  /** Names of updates with an unknown outcome, which may still be applied later. */
  readonly #pending = new Set<string>();
  /** The assistants that were certainly deleted. */
  readonly #deleted: string[] = [];

  constructor(target: Target, random: Random, history: History & { reported: Reported[] }) {
    this.#target = target;
    this.#random = random;
    this.#history = history;
  }

  async operate(mark: string): Promise<void> {
    const chance = this.#random.next();
    const id = this.#choose([...this.#alive.keys()]);
    const deletedId = this.#choose(this.#deleted);
    let reply: Reply;
    if (id === undefined || chance < 0.3) reply = await this.#create(mark);
    else if (chance < 0.6) reply = await this.#update(id, mark);
    else if (chance < 0.7) reply = await this.#delete(id);
    else if (chance < 0.9) reply = await this.#get(id);
    else if (chance < 0.95 && deletedId !== undefined) reply = await this.#getDeleted(deletedId);
    else reply = await this.#list();
    if (reply.kind === 'failed' && reply.code === 'UPSTREAM_UNAVAILABLE')
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }

  /** Checks the assistants after all operations have ended. */
  compare({ names }: FaultyStore): void {
    for (const [id, allowed] of this.#alive) {
      const name = names.get(id);
      if (name === undefined) this.#addViolation(`${id} is lost`);
      else if (!allowed.has(name)) this.#addViolation(`${id} is ${name} and should be ${[...allowed].join(' or ')}`);
    }
    for (const id of this.#deleted) if (names.has(id)) this.#addViolation(`${id} was deleted and is still there`);
  }

  async #create(name: string): Promise<Reply> {
    const reply = await this.#target.create(name);
    this.#report('create', name, reply);
    if (reply.kind === 'done') for (const { id } of reply.assistants) this.#alive.set(id, new Set([name]));
    return reply;
  }

  async #update(id: string, name: string): Promise<Reply> {
    const reply = await this.#target.update(id, name);
    const outcome = this.#report('update', name, reply);
    if (outcome === 'UNKNOWN') this.#pending.add(name);
    const names = this.#alive.get(id) ?? [];
    if (outcome === 'ACKNOWLEDGED') this.#alive.set(id, new Set([name, ...[...names].filter(this.#isPending)]));
    if (outcome === 'UNKNOWN') this.#alive.set(id, new Set([name, ...names]));
    return reply;
  }

  async #delete(id: string): Promise<Reply> {
    const reply = await this.#target.remove(id);
    const outcome = this.#report('delete', id, reply);
    if (outcome !== 'NOT_APPLIED') this.#alive.delete(id);
    if (outcome === 'ACKNOWLEDGED') this.#deleted.push(id);
    return reply;
  }

  async #get(id: string): Promise<Reply> {
    const reply = this.#countRead(await this.#target.get(id));
    if (reply.kind === 'missing') this.#addViolation(`${id} is there and was not found`);
    const name = reply.kind === 'done' ? reply.assistants[0]?.name : undefined;
    if (reply.kind === 'done' && !this.#alive.get(id)?.has(name ?? ''))
      this.#addViolation(`${id} was read as ${name ?? 'nothing'}, which it cannot be`);
    return reply;
  }

  async #getDeleted(id: string): Promise<Reply> {
    const reply = this.#countRead(await this.#target.get(id));
    if (reply.kind === 'done') this.#addViolation(`${id} was read after it had been deleted`);
    return reply;
  }

  async #list(): Promise<Reply> {
    const reply = this.#countRead(await this.#target.list());
    const rejected = new Set(
      this.#history.reported.filter(({ outcome }) => outcome === 'NOT_APPLIED').map(({ mark }) => mark),
    );
    if (reply.kind === 'done')
      for (const { name } of reply.assistants)
        if (rejected.has(name ?? '')) this.#addViolation(`${name ?? ''} was listed and was reported as not applied`);
    return reply;
  }

  #countRead(reply: Reply): Reply {
    this.#history.reads[reply.kind === 'failed' ? 'failed' : 'succeeded'] += 1;
    return reply;
  }

  #report(write: Write, mark: string, reply: Reply): Reported['outcome'] {
    if (reply.kind === 'missing') this.#addViolation(`${write} ${mark} did not find an assistant that exists`);
    const isUnknown = reply.kind === 'failed' && reply.outcome === 'UNKNOWN';
    if (isUnknown !== (reply.kind === 'failed' && reply.code === 'OUTCOME_UNKNOWN'))
      this.#addViolation(`${write} ${mark} has an outcome that its code denies`);
    if (reply.kind === 'failed' && reply.outcome === null) this.#addViolation(`${write} ${mark} has no outcome`);
    const outcome = reply.kind === 'done' ? 'ACKNOWLEDGED' : isUnknown ? 'UNKNOWN' : 'NOT_APPLIED';
    this.#history.reported.push({ write, mark, outcome });
    return outcome;
  }

  readonly #isPending = (name: string): boolean => this.#pending.has(name);

  #addViolation(violation: string): void {
    this.#history.violations.push(violation);
  }

  #choose(ids: readonly string[]): string | undefined {
    return ids[Math.floor(this.#random.next() * ids.length)];
  }
}

/** Every acknowledged write was applied exactly once, every other one at most once, and none that was NOT_APPLIED. */
function compare(reported: readonly Reported[], store: FaultyStore, violations: string[]): void {
  for (const { write, mark, outcome } of reported) {
    if (write === 'delete') continue;
    const times = write === 'create' ? (store.created.get(mark)?.length ?? 0) : (store.modified.get(mark) ?? 0);
    if (times > 1) violations.push(`${write} ${mark} took place ${times} times`);
    if (outcome === 'ACKNOWLEDGED' && times === 0) violations.push(`${write} ${mark} was acknowledged and is lost`);
    if (outcome === 'NOT_APPLIED' && times > 0) violations.push(`${write} ${mark} was reported as not applied`);
  }
}
