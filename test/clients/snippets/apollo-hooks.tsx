// Apollo Client's hooks for React: what docs/clients.md shows of them. A test renders every component.
import type { ApolloClient } from '@apollo/client';
import { ApolloProvider, useMutation, useQuery, useSubscription } from '@apollo/client/react';
import { useReducer, useState } from 'react';
import { insertCreated } from './apollo.ts';
import { toMessage, toMutationMessage } from './cookbook.ts';
import { ASSISTANTS, CREATE_ASSISTANT, RUN_EVENTS, START_RUN } from './operations.ts';
import { applyEvent, noReply } from './run-reply.ts';
import { ReplyView, TextForm } from './views.tsx';

export function App({ client }: { client: ApolloClient }) {
  const [assistantId, open] = useState<string | null>(null);
  return (
    <ApolloProvider client={client}>
      <Assistants open={open} />
      <CreateForm />
      {assistantId !== null && <Conversation key={assistantId} assistantId={assistantId} />}
    </ApolloProvider>
  );
}

function Assistants({ open }: { open: (id: string) => void }) {
  const { data, error, fetchMore } = useQuery(ASSISTANTS, { variables: { first: 10 } });
  if (error) return <p role="alert">{toMessage(error)}</p>;
  if (!data) return <p>Loading…</p>;
  const { edges, pageInfo } = data.assistants;
  const after = edges.at(-1)?.cursor ?? null;
  return (
    <>
      <ul>
        {edges.map(({ node }) => (
          <li key={node.id}>
            <button onClick={() => open(node.id)}>{node.name}</button>
          </li>
        ))}
      </ul>
      {pageInfo.hasNextPage && <button onClick={() => void fetchMore({ variables: { after } })}>More</button>}
    </>
  );
}

function CreateForm() {
  const [create] = useMutation(CREATE_ASSISTANT, { update: insertCreated });
  const submit = async (name: string) => {
    try {
      const { data } = await create({ variables: { input: { model: 'built-in', name } } });
      return data?.createAssistant.userErrors[0]?.message ?? null;
    } catch (error) {
      return toMutationMessage(error);
    }
  };
  return <TextForm label="Create" submit={submit} />;
}

function Conversation({ assistantId }: { assistantId: string }) {
  const [start] = useMutation(START_RUN);
  const [run, setRun] = useState<{ id: string; threadId: string } | null>(null);
  const submit = async (text: string) => {
    try {
      const { data } = await start({ variables: { input: { assistantId, thread: { messages: [{ text }] } } } });
      setRun(data?.createThreadAndRun.run ?? null);
      return data?.createThreadAndRun.userErrors[0]?.message ?? null;
    } catch (error) {
      return toMutationMessage(error);
    }
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
  // The link resumes after a lost connection. The component sees an error when it has given up.
  const { error, restart } = useSubscription(RUN_EVENTS, {
    variables,
    fetchPolicy: 'no-cache',
    onData: ({ data }) => data.data && apply(data.data.runEvents),
  });
  return <ReplyView reply={reply} problem={error ? toMessage(error) : null} goOn={restart} />;
}
