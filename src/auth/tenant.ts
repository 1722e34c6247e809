import { createHmac, randomBytes } from 'node:crypto';

/** Characters of base64url: 132 bits, too many for two credentials to meet by chance. */
const DIGEST_LENGTH = 22;

/**
 * Makes a function that turns credentials into digests. The secret that it does so with is its own and never leaves it,
 * so that nobody who reads a digest can tell whether a credential belongs to it.
 */
export function createTenantDigest(): (credential: string) => string {
  const secret = randomBytes(32);
  return (credential) => createHmac('sha256', secret).update(credential).digest('base64url').slice(0, DIGEST_LENGTH);
}
