// Writes a history of mixed operations, remembers what the caller was told of each, and holds that against the store.
//
// Operations run in lanes. A lane works on assistants of its own, one operation at a time, so that it always knows what
// they may look like; every write leaves a name of its own behind, so that the store can tell which writes took place.
import type { FaultyStore } from './faulty-store.ts';
import { createRandom, type Random } from '../../support/random.ts';
import type { Reply, Target } from './target.ts';

const LANES = 80;
/** The share of all operations after which the outage begins. */
const OUTAGE_AFTER = 0.5;
const OUTAGE_MS = 600;
/** How long a caller waits who was told that upstream is not available, in milliseconds. */
const PAUSE_MS = 200;

type Write = 'create' | 'update' | 'delete';

/** What the caller was told of a write. */
interface Reported {
  readonly write: Write;
  /** The name that it leaves behind; of a delete, the id. */
  readonly mark: string;
  readonly word: 'ACKNOWLEDGED' | 'NOT_APPLIED' | 'UNKNOWN';
}

export interface History {
  readonly reported: readonly Reported[];
  /** Reads that were answered, and reads that failed. */
  readonly reads: { answered: number; failed: number };
  /** What must not have happened. */
  readonly violations: string[];
}

export async function writeHistory(
  target: Target,
  store: FaultyStore,
  operations: number,
  seed: number,
): Promise<History> {
  const reported: Reported[] = [];
  const reads = { answered: 0, failed: 0 };
  const violations: string[] = [];
  const lanes: Lane[] = [];
  let begun = 0;
  let outage: NodeJS.Timeout | undefined;

  const next = (): number | null => {
    if (begun >= operations) return null;
    begun += 1;
    if (begun > operations * OUTAGE_AFTER && !outage) {
      store.isDown = true;
      outage = setTimeout(() => (store.isDown = false), OUTAGE_MS);
    }
    return begun;
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
  /** The assistants that are there for certain, each with the names that it may have. */
  readonly #alive = new Map<string, Set<string>>();
  /** Names that were sent and of which nobody knows whether they arrived, or still will. */
  readonly #pending = new Set<string>();
  /** Those that were deleted for certain. */
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

  /** Once all is over: what is certain must be so. */
  compare({ names }: FaultyStore): void {
    for (const [id, allowed] of this.#alive) {
      const name = names.get(id);
      if (name === undefined) this.#accuse(`${id} is lost`);
      else if (!allowed.has(name)) this.#accuse(`${id} is ${name} and should be ${[...allowed].join(' or ')}`);
    }
    for (const id of this.#deleted) if (names.has(id)) this.#accuse(`${id} was deleted and is still there`);
  }

  async #create(name: string): Promise<Reply> {
    const reply = await this.#target.create(name);
    this.#report('create', name, reply);
    if (reply.kind === 'done') for (const { id } of reply.assistants) this.#alive.set(id, new Set([name]));
    return reply;
  }

  async #update(id: string, name: string): Promise<Reply> {
    const reply = await this.#target.update(id, name);
    const word = this.#report('update', name, reply);
    if (word === 'UNKNOWN') this.#pending.add(name);
    const names = this.#alive.get(id) ?? [];
    if (word === 'ACKNOWLEDGED') this.#alive.set(id, new Set([name, ...[...names].filter(this.#isPending)]));
    if (word === 'UNKNOWN') this.#alive.set(id, new Set([name, ...names]));
    return reply;
  }

  async #delete(id: string): Promise<Reply> {
    const reply = await this.#target.remove(id);
    const word = this.#report('delete', id, reply);
    if (word !== 'NOT_APPLIED') this.#alive.delete(id);
    if (word === 'ACKNOWLEDGED') this.#deleted.push(id);
    return reply;
  }

  async #get(id: string): Promise<Reply> {
    const reply = this.#countRead(await this.#target.get(id));
    if (reply.kind === 'missing') this.#accuse(`${id} is there and was not found`);
    const name = reply.kind === 'done' ? reply.assistants[0]?.name : undefined;
    if (reply.kind === 'done' && !this.#alive.get(id)?.has(name ?? ''))
      this.#accuse(`${id} was read as ${name ?? 'nothing'}, which it cannot be`);
    return reply;
  }

  async #getDeleted(id: string): Promise<Reply> {
    const reply = this.#countRead(await this.#target.get(id));
    if (reply.kind === 'done') this.#accuse(`${id} was read after it had been deleted`);
    return reply;
  }

  async #list(): Promise<Reply> {
    const reply = this.#countRead(await this.#target.list());
    const rejected = new Set(
      this.#history.reported.filter(({ word }) => word === 'NOT_APPLIED').map(({ mark }) => mark),
    );
    if (reply.kind === 'done')
      for (const { name } of reply.assistants)
        if (rejected.has(name ?? '')) this.#accuse(`${name ?? ''} was listed and was told not to have happened`);
    return reply;
  }

  #countRead(reply: Reply): Reply {
    this.#history.reads[reply.kind === 'failed' ? 'failed' : 'answered'] += 1;
    return reply;
  }

  #report(write: Write, mark: string, reply: Reply): Reported['word'] {
    if (reply.kind === 'missing') this.#accuse(`${write} ${mark} did not find what is there`);
    const isUnknown = reply.kind === 'failed' && reply.outcome === 'UNKNOWN';
    if (isUnknown !== (reply.kind === 'failed' && reply.code === 'OUTCOME_UNKNOWN'))
      this.#accuse(`${write} ${mark} has an outcome that its code denies`);
    if (reply.kind === 'failed' && reply.outcome === null) this.#accuse(`${write} ${mark} has no outcome`);
    const word = reply.kind === 'done' ? 'ACKNOWLEDGED' : isUnknown ? 'UNKNOWN' : 'NOT_APPLIED';
    this.#history.reported.push({ write, mark, word });
    return word;
  }

  readonly #isPending = (name: string): boolean => this.#pending.has(name);

  #accuse(violation: string): void {
    this.#history.violations.push(violation);
  }

  #choose(ids: readonly string[]): string | undefined {
    return ids[Math.floor(this.#random.next() * ids.length)];
  }
}

/** Every acknowledged write took place exactly once, none that was told not to, and none twice. */
function compare(reported: readonly Reported[], store: FaultyStore, violations: string[]): void {
  for (const { write, mark, word } of reported) {
    if (write === 'delete') continue;
    const times = write === 'create' ? (store.created.get(mark)?.length ?? 0) : (store.modified.get(mark) ?? 0);
    if (times > 1) violations.push(`${write} ${mark} took place ${times} times`);
    if (word === 'ACKNOWLEDGED' && times === 0) violations.push(`${write} ${mark} was acknowledged and is lost`);
    if (word === 'NOT_APPLIED' && times > 0) violations.push(`${write} ${mark} was told not to have happened`);
  }
}
