// What the types of the SDK do not say of runs, messages and steps: which members they have in which state. Every
// response and event of the tests is checked against the types themselves (support/conformance).

export type WireObject = Readonly<Record<string, unknown>>;

const ENDS: readonly string[] = ['cancelled', 'failed', 'completed', 'incomplete', 'expired'];

interface Rule {
  readonly idPrefix: string;
  /** Whether each of these members is set in this state, and not null. */
  readonly members: (status: string) => Readonly<Record<string, boolean>>;
}

/** By the member `object`. */
const RULES = new Map<unknown, Rule>([
  ['thread', { idPrefix: 'thread', members: () => ({}) }],
  [
    'thread.run',
    {
      idPrefix: 'run',
      members: (status) => ({
        required_action: status === 'requires_action',
        last_error: status === 'failed',
        incomplete_details: status === 'incomplete',
        completed_at: status === 'completed',
        cancelled_at: status === 'cancelled',
        failed_at: status === 'failed',
        usage: ENDS.includes(status),
        // A run that has not begun may be queued or cancelling, or may have ended.
        ...(!['queued', 'cancelling', ...ENDS].includes(status) && { started_at: true }),
      }),
    },
  ],
  [
    'thread.message',
    {
      idPrefix: 'msg',
      members: (status) => ({
        incomplete_details: status === 'incomplete',
        incomplete_at: status === 'incomplete',
        completed_at: status === 'completed',
      }),
    },
  ],
  ['thread.run.step', { idPrefix: 'step', members: (status) => ({ usage: status !== 'in_progress' }) }],
]);

/** Returns the object. Throws if its id or its members do not fit its state. */
export function checkState<T extends WireObject>(value: T): T {
  const { id, object, status } = value;
  const rule = RULES.get(object);
  if (!rule) throw new Error(`an unknown object: ${String(object)}`);
  if (!new RegExp(`^${rule.idPrefix}_[A-Za-z0-9]{24}$`).test(String(id))) throw new Error(`the id is ${String(id)}`);
  for (const [member, isSet] of Object.entries(rule.members(String(status))))
    if ((value[member] !== null) !== isSet)
      throw new Error(`${String(object)} ${String(status)}: ${member} is ${JSON.stringify(value[member])}`);
  return value;
}

/** Checks the data of an event: the state that its name says, or a single piece of a delta. */
export function checkEvent(event: string, data: WireObject): void {
  if (event.endsWith('.delta')) {
    const delta = data['delta'] as { content?: unknown[]; step_details?: { tool_calls: unknown[] } };
    const pieces = delta.content ?? delta.step_details?.tool_calls ?? [];
    if (pieces.length !== 1) throw new Error(`${event} has ${pieces.length} pieces`);
    return;
  }
  checkState(data);
  const [, name = '', state = ''] = /^thread\.(?:(run\.step|run|message)\.)?([a-z_]+)$/.exec(event) ?? [];
  const status = state === 'created' ? (name === 'run' ? 'queued' : 'in_progress') : state;
  if (name !== '' && data['status'] !== status) throw new Error(`${event} has the status ${String(data['status'])}`);
}
