/** The fastest peer: mercurius with its JIT from the first request on, its loaders, and an undici pool. */
import fastify from 'fastify';
import { GraphQLScalarType, printSchema } from 'graphql';
import { mercurius } from 'mercurius';
import { Pool, type Dispatcher } from 'undici';
import type { WireAssistant, WireAssistantList } from '../upstream/assistants.ts';
import { announce } from './announce.ts';
import {
  toAssistant,
  toCreateBody,
  typeNameOf,
  type Assistant,
  type CreateAssistantInput,
  type Tool,
} from './assistant.mapper.ts';
import { createSchema } from './baseline/schema.ts';
import { UPSTREAM_CONNECTIONS, upstreamHeaders, upstreamUrl } from './settings.ts';

const pool = new Pool(upstreamUrl(), { connections: UPSTREAM_CONNECTIONS });
const readHeaders = upstreamHeaders();
const writeHeaders = { ...readHeaders, 'content-type': 'application/json' };

async function call(options: Dispatcher.RequestOptions): Promise<unknown> {
  const { statusCode, body } = await pool.request(options);
  const text = await body.text();
  if (statusCode >= 300) throw new Error(`upstream responded with ${statusCode}`);
  return JSON.parse(text);
}

const get = (path: string): Promise<unknown> => call({ method: 'GET', path, headers: readHeaders });

const getAssistant = async (id: string): Promise<Assistant> =>
  toAssistant((await get(`/assistants/${encodeURIComponent(id)}`)) as WireAssistant);

async function getConnection({ first, after }: { first: number; after?: string | null }) {
  const cursor = after === undefined || after === null ? '' : `&after=${encodeURIComponent(after)}`;
  const list = (await get(`/assistants?limit=${first}&order=desc${cursor}`)) as WireAssistantList;
  const nodes = list.data.map(toAssistant);
  return {
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    nodes,
    pageInfo: {
      hasNextPage: list.has_more,
      hasPreviousPage: cursor !== '',
      startCursor: nodes.at(0)?.id ?? null,
      endCursor: nodes.at(-1)?.id ?? null,
    },
  };
}

async function createAssistant({ input }: { input: CreateAssistantInput }) {
  const body = JSON.stringify(toCreateBody(input));
  const created = await call({ method: 'POST', path: '/assistants', headers: writeHeaders, body });
  return { assistant: toAssistant(created as WireAssistant), userErrors: [] };
}

const app = fastify();
await app.register(mercurius, {
  // Without the resolvers of the baseline.
  schema: printSchema(await createSchema()),
  jit: 1,
  resolvers: {
    DateTimeISO: new GraphQLScalarType<Date, string>({
      name: 'DateTimeISO',
      serialize: (value) => (value as Date).toISOString(),
    }),
    AssistantTool: { resolveType: (tool: Tool) => typeNameOf(tool) },
    Query: { assistants: (_root, page: { first: number; after?: string | null }) => getConnection(page) },
    Mutation: { createAssistant: (_root, given: { input: CreateAssistantInput }) => createAssistant(given) },
  },
  loaders: {
    Query: {
      assistant: (queries: { params: { id: string } }[]) =>
        Promise.all(queries.map(({ params }) => getAssistant(params.id))),
    },
  },
});
announce(`${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
