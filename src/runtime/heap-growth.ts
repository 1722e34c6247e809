/**
 * How much V8's heap grows before a full collection starts, as a percentage of what survived the last one (ADR 16).
 *
 * V8 counts buffers and long texts as part of the heap. With a low percentage, every second request with a large body starts
 * a full collection, which takes more CPU time than the request. So the heap may grow by a fixed amount while large bodies are
 * read, and by a low percentage otherwise.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** Keeps the process small at all other times. */
const MIN_PERCENT = 50;
const MAX_PERCENT = 200;
/** How much the heap grows while large bodies are read, in bytes. A heap of 192 MB or more grows by the minimum. */
const GROWTH_BYTES = 96 * 1024 * 1024;
/** In bytes. */
const LARGE_BODY = 256 * 1024;
/** How long after the last large body the heap grows as before, in milliseconds. */
const QUIET_MS = 2000;

let percent: number | null = null;
let timer: NodeJS.Timeout | null = null;

/** Without this call, V8's own settings remain. */
export function limitHeapGrowth(): void {
  setPercent(MIN_PERCENT);
}

/**
 * Call it before a body is parsed; a small one changes nothing. V8 uses the percentage at the end of a collection, so the size
 * of the heap must be recent.
 */
export function allowHeapGrowthFor({ length }: { readonly length: number }): void {
  if (length < LARGE_BODY || percent === null) return;
  const growth = Math.round((100 * GROWTH_BYTES) / getHeapStatistics().used_heap_size);
  setPercent(Math.min(Math.max(growth, MIN_PERCENT), MAX_PERCENT));
  timer ??= setTimeout(() => {
    timer = null;
    setPercent(MIN_PERCENT);
  }, QUIET_MS).unref();
  timer.refresh();
}

function setPercent(next: number): void {
  if (next === percent) return;
  percent = next;
  setFlagsFromString(`--heap-growing-percent=${next}`);
}
