/**
 * Metrics that are recorded for every request. They are plain numbers, which are converted for prom-client when the metrics
 * are read: its own counters and histograms take more than a microsecond per call.
 */
import { Counter, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

interface MetricName {
  readonly name: string;
  readonly help: string;
}

/** A counter. A key must have the same labels in every call. */
export class HotCounter {
  readonly #counts = new Map<string, { readonly labels: Labels; count: number }>();

  constructor(metric: MetricName, labelNames: readonly string[], registers: Registry[]) {
    const counts = this.#counts;
    new Counter({
      ...metric,
      labelNames: [...labelNames],
      registers,
      collect() {
        this.reset();
        for (const { labels, count } of counts.values()) this.inc({ ...labels }, count);
      },
    });
  }

  increment(key: string, toLabels: () => Labels): void {
    const counted = this.#counts.get(key);
    if (counted) counted.count += 1;
    else this.#counts.set(key, { labels: toLabels(), count: 1 });
  }
}

interface Durations {
  /** One count per bucket and one for longer durations; not cumulative. */
  readonly counts: Float64Array;
  sum: number;
}

interface HotHistogramOptions extends MetricName {
  readonly labelName: string;
  /** Ascending upper bounds, in seconds. */
  readonly buckets: readonly number[];
}

/** A histogram of durations with one label, whose values need no escaping. */
export class HotHistogram {
  readonly #options: HotHistogramOptions;
  readonly #byLabel = new Map<string, Durations>();

  constructor(options: HotHistogramOptions) {
    this.#options = options;
  }

  observe(label: string, seconds: number): void {
    const { buckets } = this.#options;
    let durations = this.#byLabel.get(label);
    if (!durations) this.#byLabel.set(label, (durations = { counts: new Float64Array(buckets.length + 1), sum: 0 }));
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] ?? Infinity)) bucket += 1;
    durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
    durations.sum += seconds;
  }

  /** In Prometheus' text format. */
  text(): string {
    const { name, help, labelName, buckets } = this.#options;
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const [value, { counts, sum }] of this.#byLabel) {
      const label = `${labelName}="${value}"`;
      let count = 0;
      for (const [index, own] of counts.entries()) {
        count += own;
        lines.push(`${name}_bucket{le="${buckets[index] ?? '+Inf'}",${label}} ${count}`);
      }
      lines.push(`${name}_sum{${label}} ${sum}`, `${name}_count{${label}} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
