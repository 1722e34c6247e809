/** Replaces the ids in the sample variables of an example by the newest ones that the service has. */

const endpoint = new URL('graphql', document.baseURI).href;

const ASSISTANT = '{ assistants(first: 1) { nodes { id } } }';
/** A request of its own: the AIML API cannot list threads. */
const THREAD = `{
  threads(first: 1) {
    nodes { id messages(last: 1) { nodes { id } } runs(first: 1) { nodes { id requiredToolCalls { id } } } }
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
  readonly runs: Nodes<Id & { readonly requiredToolCalls: readonly Id[] | null }>;
};

/** `headers` is the JSON of the header editor. Ids that cannot be found stay as they are. */
export async function withNewestIds(variables: string, headers: string): Promise<string> {
  if (!variables.includes('_abc123')) return variables;
  const [assistants, threads] = await Promise.all([
    request<{ assistants: Nodes<Id> }>(ASSISTANT, headers),
    request<{ threads: Nodes<Thread> }>(THREAD, headers),
  ]);
  const thread = threads?.threads.nodes[0];
  const run = thread?.runs.nodes[0];
  const ids = {
    asst_abc123: assistants?.assistants.nodes[0]?.id,
    thread_abc123: thread?.id,
    msg_abc123: thread?.messages.nodes[0]?.id,
    run_abc123: run?.id,
    call_abc123: run?.requiredToolCalls?.[0]?.id,
  };
  return Object.entries(ids).reduce((text, [sample, id]) => text.replaceAll(sample, id ?? sample), variables);
}

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
