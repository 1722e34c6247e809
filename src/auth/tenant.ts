import { createHmac, randomBytes } from 'node:crypto';

/** Characters of base64url: 132 bits, too many for two credentials to meet by chance. */
const DIGEST_LENGTH = 22;

/** Stands in for the secret where replicas have to come to the same digest. Another label would be another purpose. */
const SHARED_LABEL = 'assistants-graphql tenant 1';

/**
 * Makes a function that turns credentials into digests. Where it is not shared, the secret that it does so with is its
 * own and never leaves it, so that nobody who reads a digest can tell whether a credential belongs to it. Where it is,
 * every process comes to the same digest, and whoever reads one can try credentials on it: only a credential that could
 * be guessed as well is found that way.
 */
export function createTenantDigest(isShared: boolean): (credential: string) => string {
  const secret = isShared ? SHARED_LABEL : randomBytes(32);
  return (credential) => createHmac('sha256', secret).update(credential).digest('base64url').slice(0, DIGEST_LENGTH);
}
