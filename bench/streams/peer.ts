/** The servers of graphql-ws and graphql-sse with a subscription that counts, for comparison with the service. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, parse } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { announce } from '../peers/announce.ts';

const schema = buildSchema(`
  type Query { _: Int }
  type Tick { cursor: String! event: String! }
  type Subscription { ticks(count: Int!): Tick! }
`);
const roots = {
  subscription: {
    async *ticks({ count }: { readonly count: number }) {
      await new Promise((resolve) => setImmediate(resolve));
      for (let index = 0; index < count; index += 1)
        yield { ticks: { cursor: `1.instance1.${index}.in_progress.....0.0`, event: 'tick' } };
    },
  },
};

const handler = createHandler({
  onSubscribe: (_request, { query }) => ({
    schema,
    document: parse(query),
    rootValue: roots.subscription,
    contextValue: undefined,
  }),
});
const server = createServer((request, response) => {
  void handler(request, response);
});
useServer({ schema, roots }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(0, '127.0.0.1', () => {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
