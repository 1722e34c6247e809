/** Reads whole lists page by page. */
import type { ServiceClient } from '../service-client.ts';

/** An object as the queries that find copies select it. */
export interface Stored {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Connection<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

export interface ListRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The fields from the data to the connection. */
  readonly path: readonly string[];
}

/** Yields nothing if an object on the path is null, for example because the thread was deleted in the meantime. */
export async function* readList<T>(client: ServiceClient, { query, variables, path }: ListRequest): AsyncGenerator<T> {
  let after: string | null = null;
  do {
    const data = await client.send<unknown>(query, { ...variables, after }, { isRepeatable: true });
    const connection = path.reduce<unknown>(fieldOf, data) as Connection<T> | undefined;
    if (!connection) return;
    yield* connection.nodes;
    after = connection.pageInfo.hasNextPage ? connection.pageInfo.endCursor : null;
  } while (after !== null);
}

export async function readAll<T>(client: ServiceClient, list: ListRequest): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of readList<T>(client, list)) items.push(item);
  return items;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
