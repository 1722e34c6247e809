import { createMetrics, type Metrics, type MetricsOptions } from '../../src/observability/metrics.ts';

/** The metrics of a service that has done nothing yet. */
export const createIdleMetrics = (options: Partial<MetricsOptions> = {}): Metrics =>
  createMetrics({
    version: '1.2.3',
    errorCodes: ['RATE_LIMITED', 'BAD_USER_INPUT'],
    hasCache: false,
    inFlight: () => 0,
    requestBodyBytes: () => 0,
    unsentResponseBytes: () => 0,
    isBreakerOpen: () => false,
    openStreams: () => new Map(),
    openWebSockets: () => 0,
    runsFollowed: () => 0,
    followedRunBytes: () => 0,
    droppedLogEntries: () => 0,
    isRedisUp: null,
    ...options,
  });
