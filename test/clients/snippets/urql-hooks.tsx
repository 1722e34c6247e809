// urql's hooks for React: what docs/clients.md shows of them. A test renders every component.
import { useReducer, useState } from 'react';
import { Client, fetchExchange, Provider, useMutation, useQuery, useSubscription } from 'urql';
import { toMessage, toMutationMessage } from './cookbook.ts';
import { ASSISTANTS, CREATE_ASSISTANT, RUN_EVENTS, START_RUN } from './operations.ts';
import { applyEvent, noReply } from './run-reply.ts';
import { createStreamExchange, type StreamClient } from './streaming.ts';
import { createCacheExchange, type Schema } from './urql.ts';
import { ReplyView, TextForm } from './views.tsx';

export const createReactClient = (url: string, schema: Schema, streams: StreamClient) =>
  new Client({
    url,
    preferGetMethod: false,
    exchanges: [createCacheExchange(schema), fetchExchange, createStreamExchange(streams)],
  });

export function App({ client }: { client: Client }) {
  const [assistantId, open] = useState<string | null>(null);
  return (
    <Provider value={client}>
      <Assistants open={open} />
      <CreateForm />
      {assistantId !== null && <Conversation key={assistantId} assistantId={assistantId} />}
    </Provider>
  );
}

function Assistants({ open }: { open: (id: string) => void }) {
  const [after, setAfter] = useState<string | null>(null);
  // With relayPagination, the result of the next page has the pages before it as well.
  const [{ data, error }] = useQuery({ query: ASSISTANTS, variables: { first: 10, after } });
  if (error) return <p role="alert">{toMessage(error)}</p>;
  if (!data) return <p>Loading…</p>;
  const { edges, pageInfo } = data.assistants;
  return (
    <>
      <ul>
        {edges.map(({ node }) => (
          <li key={node.id}>
            <button onClick={() => open(node.id)}>{node.name}</button>
          </li>
        ))}
      </ul>
      {pageInfo.hasNextPage && <button onClick={() => setAfter(edges.at(-1)?.cursor ?? null)}>More</button>}
    </>
  );
}

function CreateForm() {
  const [, create] = useMutation(CREATE_ASSISTANT);
  const submit = async (name: string) => {
    const { data, error } = await create({ input: { model: 'built-in', name } });
    return error ? toMutationMessage(error) : (data?.createAssistant.userErrors[0]?.message ?? null);
  };
  return <TextForm label="Create" submit={submit} />;
}

function Conversation({ assistantId }: { assistantId: string }) {
  const [, start] = useMutation(START_RUN);
  const [run, setRun] = useState<{ id: string; threadId: string } | null>(null);
  const submit = async (text: string) => {
    const { data, error } = await start({ input: { assistantId, thread: { messages: [{ text }] } } });
    setRun(data?.createThreadAndRun.run ?? null);
    return error ? toMutationMessage(error) : (data?.createThreadAndRun.userErrors[0]?.message ?? null);
  };
  return (
    <>
      <TextForm label="Send" submit={submit} />
      {run && <StreamedReply key={run.id} threadId={run.threadId} runId={run.id} />}
    </>
  );
}

function StreamedReply(variables: { threadId: string; runId: string }) {
  const [reply, apply] = useReducer(applyEvent, noReply);
  // The client of the streams resumes after a lost connection. The component sees an error when it has given up.
  const [{ error }, restart] = useSubscription({ query: RUN_EVENTS, variables }, (_previous, data) => {
    apply(data.runEvents);
    return data;
  });
  return <ReplyView reply={reply} problem={error ? toMessage(error) : null} goOn={restart} />;
}
