/** The part of the schema that the workloads use, as type-graphql builds it of the classes beside this file. */
import 'reflect-metadata';
import { buildSchema } from 'type-graphql';
import { AssistantResolver } from './assistant.resolver.ts';
import { CodeInterpreterTool, FileSearchTool, FunctionTool } from './assistant.type.ts';

export const createSchema = () =>
  buildSchema({
    resolvers: [AssistantResolver],
    orphanedTypes: [CodeInterpreterTool, FileSearchTool, FunctionTool],
  });
