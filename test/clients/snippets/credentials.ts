// How each client sends a credential: what docs/clients.md shows of it. The test beside this folder runs every line.
import { HttpLink } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { Client, fetchExchange } from '@urql/core';
import { Network, type GraphQLResponse } from 'relay-runtime';

/** Returns the current token: of your identity provider, or an AIML key. */
type GetToken = () => Promise<string>;

export const createApolloLink = (uri: string, getToken: GetToken) =>
  new SetContextLink(async () => ({ headers: { authorization: `Bearer ${await getToken()}` } })).concat(
    new HttpLink({ uri }),
  );

export const createAuthorizedUrqlClient = (url: string, getToken: GetToken) =>
  new Client({
    url,
    preferGetMethod: false,
    exchanges: [fetchExchange],
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${await getToken()}`);
      return fetch(input, { ...init, headers });
    },
  });

export const createRelayNetwork = (url: string, getToken: GetToken) =>
  Network.create(async ({ text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        authorization: `Bearer ${await getToken()}`,
      },
      body: JSON.stringify({ query: text, variables }),
    });
    return (await response.json()) as GraphQLResponse;
  });
