/**
 * How much garbage V8 may collect before a full garbage collection: half of the memory in use, so that the process stays small
 * with many large bodies, and at least 64 MiB. The objects of the service itself take about 30 MB. With half of that, each
 * large request causes a full collection, which costs more CPU time than the rest of the request (ADR 16).
 */
import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const MIN_GARBAGE_BYTES = 64 * 1024 * 1024;
const MIN_PERCENT = 50;

/** V8 reads the flag at the end of each full collection. Call once. */
export function limitHeapGrowth(): void {
  setGrowth();
  new PerformanceObserver((list) => {
    if (list.getEntries().some(isFullCollection)) setGrowth();
  }).observe({ entryTypes: ['gc'] });
}

function setGrowth(): void {
  // With what became garbage since the last collection, so the heap grows rather less than it may.
  const { used_heap_size: usedBytes } = getHeapStatistics();
  const percent = Math.max(MIN_PERCENT, Math.floor((100 * MIN_GARBAGE_BYTES) / usedBytes));
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

interface CollectionEntry extends PerformanceEntry {
  readonly detail?: { readonly kind?: number };
}

const isFullCollection = (entry: CollectionEntry): boolean =>
  entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
