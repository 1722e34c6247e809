// Tracing without a collector costs nothing: nothing is loaded or allocated.
import { describe, expect, jest, test } from '@jest/globals';

const loaded: string[] = [];
for (const name of [
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
])
  jest.unstable_mockModule(name, () => {
    loaded.push(name);
    throw new Error(`${name} was loaded`);
  });

const { createTracing } = await import('../../../src/observability/tracing.ts');

describe('tracing that is off', () => {
  test('loads nothing of OpenTelemetry', async () => {
    const before = [...loaded];
    const tracing = await createTracing(null);
    tracing.startRequest('POST', '/graphql', {});
    await tracing.close();
    expect(loaded).toEqual(before);
  });

  test('allocates nothing for a request', async () => {
    const tracing = await createTracing(null);
    expect(tracing).toBe(await createTracing(null));
    expect(tracing.startRequest('POST', '/graphql', { traceparent: 'any' })).toBeNull();
  });

  test('is a test that detects tracing that is on', async () => {
    await expect(createTracing({ endpoint: new URL('http://127.0.0.1:1') })).rejects.toThrow('was loaded');
    expect(loaded).not.toEqual([]);
  });
});
