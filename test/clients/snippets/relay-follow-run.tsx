// Relay: a conversation with a streamed reply, as docs/clients.md shows it, as `FollowRun.tsx` of a frontend.
import { useMemo, useReducer, useState } from 'react';
import { graphql, useMutation, useSubscription } from 'react-relay';
import type { FollowRunStartMutation } from './__generated__/FollowRunStartMutation.graphql.ts';
import type { FollowRunSubscription } from './__generated__/FollowRunSubscription.graphql.ts';
import { toMessage, toMutationMessage } from './cookbook.ts';
import type { RunEvent } from './operations.ts';
import { applyEvent, noReply } from './run-reply.ts';
import { ReplyView, TextForm } from './views.tsx';

const followRunSubscription = graphql`
  subscription FollowRunSubscription($threadId: ID!, $runId: ID!, $after: String) {
    runEvents(threadId: $threadId, runId: $runId, after: $after) {
      __typename
      cursor
      event
      ... on RunStateEvent {
        run {
          id
          status
          hasEnded
        }
      }
      ... on MessageTextEvent {
        messageId
        contentIndex
        offset
        text
      }
    }
  }
`;

export function Conversation({ assistantId }: { assistantId: string }) {
  const [run, setRun] = useState<{ id: string; threadId: string } | null>(null);
  const [commit] = useMutation<FollowRunStartMutation>(graphql`
    mutation FollowRunStartMutation($input: CreateThreadAndRunInput!) {
      createThreadAndRun(input: $input) {
        run {
          id
          threadId
        }
        userErrors {
          code
          field
          message
        }
      }
    }
  `);
  const submit = (text: string) =>
    new Promise<string | null>((resolve) => {
      commit({
        variables: { input: { assistantId, thread: { messages: [{ text }] } } },
        onCompleted: ({ createThreadAndRun }) => {
          setRun(createThreadAndRun.run ?? null);
          resolve(createThreadAndRun.userErrors[0]?.message ?? null);
        },
        onError: (error) => resolve(toMutationMessage(error)),
      });
    });
  return (
    <>
      <TextForm label="Send" submit={submit} />
      {run && <StreamedReply key={run.id} threadId={run.threadId} runId={run.id} />}
    </>
  );
}

function StreamedReply({ threadId, runId }: { threadId: string; runId: string }) {
  const [reply, apply] = useReducer(applyEvent, noReply);
  const [failure, setFailure] = useState<{ attempt: number; error: Error | null }>({ attempt: 0, error: null });
  // The client of the streams resumes after a lost connection. The component sees an error when it has given up.
  const config = useMemo(
    () => ({
      subscription: followRunSubscription,
      variables: { threadId, runId },
      onNext: (data?: FollowRunSubscription['response'] | null) => data && apply(data.runEvents as RunEvent),
      onError: (error: Error) => setFailure((previous) => ({ ...previous, error })),
    }),
    // A new attempt subscribes again, from the beginning: events that come twice change nothing.
    [threadId, runId, failure.attempt],
  );
  useSubscription<FollowRunSubscription>(config);
  return (
    <ReplyView
      reply={reply}
      problem={failure.error && toMessage(failure.error)}
      goOn={() => setFailure(({ attempt }) => ({ attempt: attempt + 1, error: null }))}
    />
  );
}
