import { expect, test } from '@jest/globals';
import { CancellationToken, sleepUnlessCancelled } from '../../../src/runtime/cancellation.ts';

test('a wait that begins after the cancellation ends at once', async () => {
  const token = new CancellationToken();
  token.cancel();
  await expect(sleepUnlessCancelled(3_600_000, token)).resolves.toBeUndefined();
});
