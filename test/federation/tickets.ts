// Another team's subgraph: tickets that reference an assistant by its id. It has Relay's types as well, so that types
// of the same name are composed.
import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { listen } from '../support/listen.ts';

/** The SDL for the composition. */
export const TICKETS_SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query {
    tickets: [Ticket!]!
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
  }

  interface Node {
    id: ID!
  }

  type Ticket implements Node @key(fields: "id") {
    id: ID!
    assignee: Assistant
  }

  type Assistant @key(fields: "id") {
    id: ID!
    tickets: [Ticket!]!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type UserError @shareable {
    field: [String!]
    message: String!
    code: UserErrorCode!
  }

  enum UserErrorCode {
    INVALID
    CLOSED
  }
`;

/** The executable schema: the SDL and the fields that Federation requires. */
const schema = buildSchema(
  `
  ${TICKETS_SDL}
  extend type Query {
    _entities(representations: [_Any!]!): [_Entity]!
  }
  scalar _Any
  union _Entity = Ticket | Assistant
`,
  // Federation defines these directives.
  { assumeValidSDL: true },
);

interface Reference {
  readonly __typename: string;
  readonly id: string;
}
interface Ticket extends Reference {
  readonly assignee: Reference;
}

export interface TicketsSubgraph {
  readonly url: string;
  /** Replaces all tickets; each has an id and the id of its assistant. */
  assign(assignees: Readonly<Record<string, string>>): void;
}

/** Starts it on loopback, without tickets. */
export async function startTickets(): Promise<TicketsSubgraph> {
  let tickets: readonly Ticket[] = [];
  const entity = ({ __typename, id }: Reference): unknown =>
    __typename === 'Ticket'
      ? tickets.find((ticket) => ticket.id === id)
      : { __typename, id, tickets: tickets.filter(({ assignee }) => assignee.id === id) };
  const rootValue = {
    tickets: () => tickets,
    _entities: ({ representations }: { readonly representations: readonly Reference[] }) => representations.map(entity),
  };
  const handle = createHandler({ schema, rootValue });
  const server = createServer((request, response) => void handle(request, response));
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    assign: (assignees) => {
      tickets = Object.entries(assignees).map(([id, assistant]) => ({
        __typename: 'Ticket',
        id,
        assignee: { __typename: 'Assistant', id: assistant },
      }));
    },
  };
}
