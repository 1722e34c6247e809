/**
 * The baseline's stack: Apollo Server's standalone server, type-graphql and RESTDataSource, each used as its own
 * documentation shows it and with its defaults.
 */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { announce } from '../announce.ts';
import type { BaselineContext } from './assistant.resolver.ts';
import { AssistantsApi } from './assistants-api.ts';
import { createSchema } from './schema.ts';

const server = new ApolloServer<BaselineContext>({ schema: await createSchema() });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: () => Promise.resolve({ dataSources: { assistants: new AssistantsApi({ cache: server.cache }) } }),
});
announce(url);
