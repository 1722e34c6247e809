// A gateway as another team would run it in front of the service: Hive Gateway with a supergraph that is composed of
// the SDL of the subgraphs.
import { createServer, type RequestListener } from 'node:http';
import * as http from '@graphql-mesh/transport-http';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { cleanUpLater } from '../support/cleanup.ts';
import { listen } from '../support/listen.ts';
import { query, type GraphQLHttpResponse } from '../support/service.ts';

/** The part of the gateway that is used here. */
interface HiveGateway {
  readonly createGatewayRuntime: (options: {
    readonly supergraph: string;
    readonly transports: { readonly http: unknown };
    readonly transportEntries: Readonly<Record<string, { readonly options: { readonly method: 'POST' } }>>;
    readonly logging: false;
    readonly propagateHeaders: {
      readonly fromClientToSubgraphs: (payload: { readonly request: Request }) => Record<string, string> | undefined;
    };
  }) => RequestListener & AsyncDisposable;
}
/** The gateway's types would change every GraphQLResolveInfo of the project to one that graphql 16 does not have. */
const importWithoutTypes = (name: string): Promise<unknown> => import(name);
const { createGatewayRuntime } = (await importWithoutTypes('@graphql-hive/gateway-runtime')) as HiveGateway;

export interface SubgraphAddress {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

export interface Gateway {
  readonly url: string;
  query(
    document: string,
    variables?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<GraphQLHttpResponse>;
}

/**
 * Starts it on loopback until the test or the file has ended. Throws if the subgraphs cannot be composed. It forwards
 * the credentials of callers.
 */
export async function startGateway(subgraphs: readonly SubgraphAddress[]): Promise<Gateway> {
  const { supergraphSdl, errors = [] } = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  if (supergraphSdl === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  const gateway = createGatewayRuntime({
    supergraph: supergraphSdl,
    transports: { http },
    // By default it sends subscriptions by GET, for which the service accepts queries only.
    transportEntries: { '*.http': { options: { method: 'POST' } } },
    logging: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => {
        const authorization = request.headers.get('authorization');
        return authorization === null ? undefined : { authorization };
      },
    },
  });
  const server = createServer(gateway);
  cleanUpLater(() => gateway[Symbol.asyncDispose]());
  const url = `http://127.0.0.1:${await listen(server)}`;
  return { url, query: (document, variables, headers) => query(url, document, variables, headers) };
}
