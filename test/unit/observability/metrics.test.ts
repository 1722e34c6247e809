// The metrics as a Prometheus server reads them.
import { describe, expect, test } from '@jest/globals';
import { metricDescriptions, type Metrics } from '../../../src/observability/metrics.ts';
import { createIdleMetrics } from '../../support/metrics.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses the text format, and throws on an invalid line. */
function parse(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || /^# (?:HELP|TYPE) [a-z0-9_]+ .+$/.test(line)) continue;
    const [, name, labels = '', value] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? (-?[\d.e+-]+|Nan|\+Inf)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key = '', text_ = '']) => [key, text_] as const);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return samples;
}

const read = async (metrics: Metrics) => parse(await metrics.text());

async function valueOf(metrics: Metrics, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const found = (await read(metrics)).filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return found.reduce((total, { value }) => total + value, 0);
}

describe('metrics', () => {
  test('are served as Prometheus text', async () => {
    const metrics = createIdleMetrics();
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await read(metrics)).toContainEqual({
      name: 'assistants_build_info',
      labels: { version: '1.2.3' },
      value: 1,
    });
  });

  test('are all present with their help from the start, and follow the naming conventions', async () => {
    const text = await createIdleMetrics({ isRedisUp: () => true, hasCache: true }).text();
    for (const [name, help] of Object.entries(metricDescriptions)) {
      expect(text).toContain(`# HELP ${name} ${help}\n`);
      expect(name).toMatch(/^assistants_[a-z_]+$/);
    }
    const counters = [...text.matchAll(/^# TYPE (assistants_\w+) counter$/gm)].map(([, name]) => name);
    expect(counters).not.toEqual([]);
    for (const name of counters) expect(name).toMatch(/_total$/);
    for (const [, name] of text.matchAll(/^# TYPE (assistants_\w+) histogram$/gm)) expect(name).toMatch(/_seconds$/);
  });

  test('report whether Redis is available if it is configured, and nothing otherwise', async () => {
    let isUp = true;
    const metrics = createIdleMetrics({ isRedisUp: () => isUp });
    expect(await valueOf(metrics, 'assistants_redis_up')).toBe(1);
    isUp = false;
    expect((await read(metrics)).filter(({ name }) => name === 'assistants_redis_up')).toMatchObject([{ value: 0 }]);
    expect(await createIdleMetrics().text()).not.toContain('redis');
  });

  test('count operations by kind and outcome, with their durations in seconds', async () => {
    const metrics = createIdleMetrics();
    metrics.recordOperation({ kind: 'query', outcome: 'ok', errorCodes: [], durationMs: 20 });
    metrics.recordOperation({ kind: 'query', outcome: 'ok', errorCodes: [], durationMs: 40 });
    metrics.recordOperation({ kind: 'mutation', outcome: 'error', errorCodes: ['RATE_LIMITED'], durationMs: 2000 });
    expect(await valueOf(metrics, 'assistants_operations_total', { kind: 'query', outcome: 'ok' })).toBe(2);
    expect(await valueOf(metrics, 'assistants_operations_total', { kind: 'mutation', outcome: 'error' })).toBe(1);
    expect(await valueOf(metrics, 'assistants_operation_duration_seconds_count', { kind: 'query' })).toBe(2);
    expect(await valueOf(metrics, 'assistants_operation_duration_seconds_sum', { kind: 'query' })).toBeCloseTo(0.06);
    const bucket = { kind: 'mutation', le: '1' };
    expect(await valueOf(metrics, 'assistants_operation_duration_seconds_bucket', bucket)).toBe(0);
    expect(await valueOf(metrics, 'assistants_operation_duration_seconds_bucket', { ...bucket, le: '2.5' })).toBe(1);
  });

  test('count errors by code, and unregistered codes together', async () => {
    const metrics = createIdleMetrics();
    expect(await read(metrics)).toContainEqual({
      name: 'assistants_errors_total',
      labels: { code: 'BAD_USER_INPUT' },
      value: 0,
    });
    const errorCodes = ['RATE_LIMITED', 'sk-some-key', 'another'];
    metrics.recordOperation({ kind: 'query', outcome: 'partial', errorCodes, durationMs: 1 });
    expect(await valueOf(metrics, 'assistants_errors_total', { code: 'RATE_LIMITED' })).toBe(1);
    expect(await valueOf(metrics, 'assistants_errors_total', { code: 'OTHER' })).toBe(2);
    expect(await metrics.text()).not.toContain('sk-some-key');
  });

  test('count attempts by call, status and outcome, and retries by call', async () => {
    const metrics = createIdleMetrics();
    const call = 'assistants.get';
    metrics.recordAttempt({ call, kind: 'UNKNOWN', status: 503, durationMs: 10, isRetry: false });
    metrics.recordAttempt({ call, kind: 'NOT_SENT', status: null, durationMs: 10, isRetry: true });
    metrics.recordAttempt({ call, kind: 'OK', status: 200, durationMs: 10, isRetry: true });
    for (const labels of [
      { call, status: '503', outcome: 'UNKNOWN' },
      { call, status: 'none', outcome: 'NOT_SENT' },
      { call, status: '200', outcome: 'OK' },
    ])
      expect(await read(metrics)).toContainEqual({ name: 'assistants_upstream_attempts_total', labels, value: 1 });
    expect(await valueOf(metrics, 'assistants_upstream_attempt_duration_seconds_count', { call })).toBe(3);
    expect(await valueOf(metrics, 'assistants_upstream_retries_total', { call })).toBe(2);
  });

  test('read the gauges when they are collected', async () => {
    let inFlight = 3;
    let isBreakerOpen = false;
    const metrics = createIdleMetrics({ inFlight: () => inFlight, isBreakerOpen: () => isBreakerOpen });
    expect(await valueOf(metrics, 'assistants_operations_in_flight')).toBe(3);
    expect(await valueOf(metrics, 'assistants_upstream_breaker_open')).toBe(0);
    inFlight = 0;
    isBreakerOpen = true;
    expect(await valueOf(metrics, 'assistants_operations_in_flight')).toBe(0);
    expect(await valueOf(metrics, 'assistants_upstream_breaker_open')).toBe(1);
  });

  test('contain the metrics of the process, once', async () => {
    createIdleMetrics();
    const samples = await read(createIdleMetrics());
    const names = samples.map(({ name }) => name);
    expect(names).toContain('process_cpu_seconds_total');
    expect(names).toContain('process_resident_memory_bytes');
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(new Set(samples.map(({ name, labels }) => name + JSON.stringify(labels))).size).toBe(samples.length);
  });

  test('are separate for each service', async () => {
    const one = createIdleMetrics();
    const other = createIdleMetrics();
    one.recordOperation({ kind: 'query', outcome: 'ok', errorCodes: [], durationMs: 1 });
    expect(await valueOf(one, 'assistants_operations_total')).toBe(1);
    expect(await valueOf(other, 'assistants_operations_total')).toBe(0);
  });

  test('do not grow with values of clients and upstream', async () => {
    const metrics = createIdleMetrics();
    const seriesOf = async () => (await read(metrics)).filter(({ name }) => name.startsWith('assistants_')).length;
    const record = (index: number) => {
      const operation = { kind: 'query', outcome: 'error', errorCodes: [`CODE_${index}`], durationMs: index } as const;
      metrics.recordOperation({ ...operation, operationName: `Operation${index}` } as typeof operation);
    };
    record(0);
    const before = await seriesOf();
    for (let index = 1; index < 500; index += 1) record(index);
    expect(await seriesOf()).toBe(before);
    for (let status = 100; status < 1100; status += 1)
      metrics.recordAttempt({ call: 'assistants.get', kind: 'UNKNOWN', status, durationMs: 1, isRetry: false });
    expect((await seriesOf()) - before).toBeLessThan(100);
    expect(await metrics.text()).not.toContain('Operation1');
  });
});
