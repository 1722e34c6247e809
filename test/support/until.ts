/** Below the time-out of a test, so that the failure names the line that waited. */
const TIMEOUT_MS = 200_000;
/**
 * The first polls are close together, so that short waits end soon; later ones are rare, so that long waits cost
 * little.
 */
const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 50;

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  for (let pollMs = FIRST_POLL_MS; !(await condition()); pollMs = Math.min(LAST_POLL_MS, pollMs * 1.2)) {
    if (performance.now() > giveUpAt) throw new Error(`the condition did not hold within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Waits until `assertion` does not throw. Throws its last error if that takes too long. */
export async function eventually(assertion: () => void, timeoutMs: number = TIMEOUT_MS): Promise<void> {
  let failure: unknown;
  const holds = () => {
    try {
      assertion();
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  };
  await until(holds, timeoutMs).catch(() => {
    throw failure;
  });
}
