// Relay: a subscription that keeps the message in the store, as `FollowMessage.ts` of a frontend.
import { graphql } from 'relay-runtime';

export const followMessageSubscription = graphql`
  subscription FollowMessageSubscription($threadId: ID!, $runId: ID!, $after: String) {
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
