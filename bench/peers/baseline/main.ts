/**
 * The baseline's stack: Apollo Server's standalone server, type-graphql and RESTDataSource, each used as its own
 * documentation shows it and with its defaults.
 */
import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSchema } from 'type-graphql';
import { announce } from '../announce.ts';
import { AssistantResolver, type BaselineContext } from './assistant.resolver.ts';
import { CodeInterpreterTool, FileSearchTool, FunctionTool } from './assistant.type.ts';
import { AssistantsApi } from './assistants-api.ts';

const schema = await buildSchema({
  resolvers: [AssistantResolver],
  orphanedTypes: [CodeInterpreterTool, FileSearchTool, FunctionTool],
});
const server = new ApolloServer<BaselineContext>({ schema });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: 0 },
  context: () => Promise.resolve({ dataSources: { assistants: new AssistantsApi({ cache: server.cache }) } }),
});
announce(url);
