/** A part's close function. Work that is in flight gets `timeoutMs` to end. */
export type Close = (timeoutMs: number) => unknown;

/**
 * Closes the parts of a service in the reverse order of their creation, and removes them. Each is closed even if others fail
 * to close. Rejects with the first error.
 */
export async function closeAll(parts: Close[], timeoutMs: number): Promise<void> {
  const errors: unknown[] = [];
  for (let close = parts.pop(); close; close = parts.pop()) {
    try {
      await close(timeoutMs);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
