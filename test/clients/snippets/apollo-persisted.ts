// Apollo Client with persisted queries: what docs/clients.md shows of it. The test beside this folder runs every line.
import { ApolloLink, HttpLink } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';

const sha256 = async (text: string) => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

/** Sends a document once, and its hash from then on. */
export const createHashingLink = (uri: string) =>
  ApolloLink.from([new PersistedQueryLink({ sha256 }), new HttpLink({ uri })]);

/** Sends no documents at all, but the ids of those in the manifest that the service has: `import('./manifest.json')`. */
export const createListingLink = (uri: string, manifest: Promise<{ operations: { id: string; name: string }[] }>) =>
  ApolloLink.from([
    new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest: () => manifest })),
    new HttpLink({ uri }),
  ]);
