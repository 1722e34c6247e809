/**
 * Loaded into the process of the embedded AIML API (`--import`): it reports what only that process can measure. It measures
 * from one message of the bench to the next.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import Database from 'libsql';

export interface EngineUsage {
  readonly seconds: number;
  /** User and system. */
  readonly cpuMs: number;
  /** How late a timer was, at the median, the 99th percentile and at most. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Committed transactions that wrote. */
  readonly writes: number;
  readonly residentMb: number;
}

const RESOLUTION_MS = 5;

let writes = 0;
// The store begins each transaction that writes in this way.
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below.
const { exec } = Database.prototype;
Database.prototype.exec = function (this: Database.Database, sql: string) {
  if (sql === 'BEGIN IMMEDIATE') writes += 1;
  return exec.call(this, sql);
};

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
let [since, cpuBefore, writesBefore] = [performance.now(), process.cpuUsage(), 0];

// The process ends with the bench, even where the bench ends badly.
process.on('disconnect', () => process.exit());
process.on('message', () => {
  const now = performance.now();
  const { user, system } = process.cpuUsage(cpuBefore);
  const toDelayMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  const usage: EngineUsage = {
    seconds: (now - since) / 1000,
    cpuMs: (user + system) / 1000,
    delayMs: {
      p50: toDelayMs(histogram.percentile(50)),
      p99: toDelayMs(histogram.percentile(99)),
      max: toDelayMs(histogram.max),
    },
    writes: writes - writesBefore,
    residentMb: process.memoryUsage.rss() / 1e6,
  };
  process.send?.(usage);
  histogram.reset();
  [since, cpuBefore, writesBefore] = [performance.now(), process.cpuUsage(), writes];
});
