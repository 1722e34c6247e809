// Relay: the subscription that docs/clients.md shows, as `FollowRun.ts` of a frontend. Its compiler reads this file.
import { graphql } from 'relay-runtime';

export const followRunSubscription = graphql`
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
        offset
        text
        message {
          id
          text
        }
      }
    }
  }
`;
