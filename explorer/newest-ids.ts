/** Replaces the ids in the sample variables of an example by the newest ones that the service has. */

const endpoint = new URL('graphql', document.baseURI).href;

const ASSISTANT = '{ assistants(first: 1) { nodes { id } } }';
/** A request of its own: the AIML API cannot list threads. */
const THREADS = `{
  threads(first: 10) {
    nodes {
      id
      messages(last: 1) { nodes { id } }
      runs(first: 1) { nodes { id status hasEnded requiredToolCalls { id } } }
    }
  }
}`;

interface Nodes<T> {
  readonly nodes: readonly T[];
}
interface Id {
  readonly id: string;
}
type Thread = Id & {
  readonly messages: Nodes<Id>;
  readonly runs: Nodes<Run>;
};
type Run = Id & { readonly status: string; readonly hasEnded: boolean; readonly requiredToolCalls: readonly Id[] };

/** The thread for an example: the newest one with what the example needs, as far as there is one. */
function choose(threads: readonly Thread[], name: string, variables: string): Thread | undefined {
  const runOf = ({ runs }: Thread): Run | undefined => runs.nodes[0];
  const withRun = threads.filter(runOf);
  const unended = withRun.filter((thread) => runOf(thread)?.hasEnded === false);
  const waiting = unended.filter((thread) => runOf(thread)?.status === 'REQUIRES_ACTION');
  // A thread whose run has not ended takes no messages and no other run.
  const free = threads.filter((thread) => !unended.includes(thread));
  if (name === 'SubmitToolOutputs') return waiting[0] ?? withRun[0];
  if (name === 'CancelRun') return unended[0] ?? withRun[0];
  if (variables.includes('run_abc123')) return withRun[0];
  if (variables.includes('msg_abc123')) return free.find(({ messages }) => messages.nodes.length > 0);
  return free[0] ?? threads[0];
}

/** `headers` is the JSON of the header editor. Ids that cannot be found stay as they are. */
export async function withNewestIds({ name, variables }: Example, headers: string): Promise<string> {
  if (!variables.includes('_abc123')) return variables;
  const [assistants, threads] = await Promise.all([
    request<{ assistants: Nodes<Id> }>(ASSISTANT, headers),
    request<{ threads: Nodes<Thread> }>(THREADS, headers),
  ]);
  const thread = choose(threads?.threads.nodes ?? [], name, variables);
  const run = thread?.runs.nodes[0];
  const ids = {
    asst_abc123: assistants?.assistants.nodes[0]?.id,
    thread_abc123: thread?.id,
    msg_abc123: thread?.messages.nodes[0]?.id,
    run_abc123: run?.id,
    call_abc123: run?.requiredToolCalls[0]?.id,
  };
  return Object.entries(ids).reduce((text, [sample, id]) => text.replaceAll(sample, id ?? sample), variables);
}

/** Whether the variables are those of the example, with whatever ids: the user has changed nothing else. */
export const isUnchanged = (variables: string | null, sample: string): boolean =>
  variables?.replaceAll(/\b(asst|thread|msg|run|call)_\w+/g, '$1_abc123').trim() ===
  sample.replaceAll(/\b(asst|thread|msg|run|call)_\w+/g, '$1_abc123').trim();

/** Resolves to null if the service reports an error, for example because a credential is missing. */
async function request<T>(query: string, headers: string): Promise<T | null> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...parseHeaders(headers), 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as { data?: T | null; errors?: unknown };
    return errors === undefined ? (data ?? null) : null;
  } catch {
    return null;
  }
}

function parseHeaders(json: string): Record<string, string> {
  return json.trim() === '' ? {} : (JSON.parse(json) as Record<string, string>);
}
