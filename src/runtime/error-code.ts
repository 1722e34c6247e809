/** The `code` of an error of Node, undici or Fastify (`ECONNRESET`, `FST_ERR_…`); null if it has none. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
