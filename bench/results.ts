/** The results as they are written to bench/results/last.json, and the medians that the tables and targets use. */
import { median } from './load/statistics.ts';
import type { ServerName } from './servers.ts';
import type { Kind, WorkloadName } from './workloads.ts';

/** One server under one load in one round. */
export interface Sample {
  readonly workload: WorkloadName;
  readonly kind: Kind;
  readonly server: ServerName;
  readonly round: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerRequest: number;
  readonly upstreamCallsPerRequest: number;
  readonly residentMb: number;
}

/** One server with one client behind an upstream that takes 50 ms, in one round. */
export interface LatencySample {
  readonly workload: WorkloadName;
  readonly server: ServerName;
  readonly round: number;
  readonly p50Ms: number;
  /** In addition to the upstream's own median in the same round. */
  readonly addedMs: number;
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  /** Responses per second of the upstream without a server in front of it. */
  readonly upstreamAlone: Readonly<Partial<Record<WorkloadName, number>>>;
  readonly samples: readonly Sample[];
  readonly latency: readonly LatencySample[];
}

export interface Case {
  readonly workload: WorkloadName;
  readonly kind: Kind;
}

type Measure = Exclude<keyof Sample, keyof Case | 'server' | 'round'>;

const samplesOf = ({ samples }: Results, { workload, kind }: Case, server: ServerName): readonly Sample[] =>
  samples.filter((sample) => sample.workload === workload && sample.kind === kind && sample.server === server);

/** NaN if it was not measured. */
export const medianOf = (results: Results, which: Case, server: ServerName, measure: Measure): number =>
  median(samplesOf(results, which, server).map((sample) => sample[measure]));

/** The median over the rounds of the ratio of requests per second. NaN if one of the two was not measured. */
export function ratioOf(results: Results, which: Case, server: ServerName, base: ServerName): number {
  const bases = samplesOf(results, which, base);
  return median(
    samplesOf(results, which, server).flatMap(({ round, perSecond }) => {
      const other = bases.find((sample) => sample.round === round);
      return other === undefined ? [] : [perSecond / other.perSecond];
    }),
  );
}

/** NaN if it was not measured. */
export const latencyOf = (
  { latency }: Results,
  workload: WorkloadName,
  server: ServerName,
  measure: 'p50Ms' | 'addedMs',
): number =>
  median(
    latency
      .filter((sample) => sample.workload === workload && sample.server === server)
      .map((sample) => sample[measure]),
  );

/** The largest resident memory of a server after a load; NaN if it was not measured. */
export const peakResidentMb = ({ samples }: Results, server: ServerName): number => {
  const all = samples.filter((sample) => sample.server === server).map(({ residentMb }) => residentMb);
  return all.length === 0 ? NaN : Math.max(...all);
};
