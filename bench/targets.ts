/** The targets of the service, and whether it meets them. */
import { latencyOf, medianOf, peakResidentMb, ratioOf, type Results } from './results.ts';
import type { WorkloadName } from './workloads.ts';

/**
 * `required`: a ratio or a count, which holds on any machine and fails `--check`. `absolute`: milliseconds and
 * megabytes, which depend on the machine. `aim`: a goal beyond the targets, which fails nothing.
 */
export type TargetKind = 'required' | 'absolute' | 'aim';

export interface Target {
  readonly kind: TargetKind;
  readonly text: string;
  readonly value: number;
  readonly isMet: boolean;
}

interface TargetRule {
  readonly kind: TargetKind;
  readonly text: string;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  readonly valueOf: (results: Results) => number;
}

const distinct = (workload: WorkloadName) => ({ workload, kind: 'distinct' }) as const;
const identical = (workload: WorkloadName) => ({ workload, kind: 'identical' }) as const;

const fasterThanBaseline = (workload: WorkloadName, limit: number): TargetRule => ({
  kind: 'required',
  text: `${workload} distinct: requests/s against the baseline's stack`,
  bound: 'at least',
  limit,
  valueOf: (results) => ratioOf(results, distinct(workload), 'service', 'baseline'),
});

const asFastAsProxy = (workload: WorkloadName): TargetRule => ({
  kind: 'required',
  text: `${workload} identical: requests/s against the plain proxy`,
  bound: 'at least',
  limit: 1,
  valueOf: (results) => ratioOf(results, identical(workload), 'service', 'raw'),
});

const asFastAsPeer = (workload: WorkloadName): TargetRule => ({
  kind: 'aim',
  text: `${workload} distinct: requests/s against mercurius with JIT`,
  bound: 'at least',
  limit: 1,
  valueOf: (results) => ratioOf(results, distinct(workload), 'service', 'mercurius'),
});

const addsAtMost = (workload: WorkloadName, limit: number): TargetRule => ({
  kind: 'absolute',
  text: `${workload}: milliseconds added to an upstream of 50 ms at the median`,
  bound: 'at most',
  limit,
  valueOf: (results) => latencyOf(results, workload, 'service', 'addedMs'),
});

const RULES: readonly TargetRule[] = [
  fasterThanBaseline('W1', 2.5),
  fasterThanBaseline('W2', 2),
  fasterThanBaseline('W3', 2),
  fasterThanBaseline('W5', 2),
  asFastAsProxy('W1'),
  asFastAsProxy('W2'),
  {
    kind: 'required',
    text: 'W3 distinct: upstream calls for each operation',
    bound: 'at most',
    limit: 5,
    valueOf: (results) => medianOf(results, distinct('W3'), 'service', 'upstreamCallsPerRequest'),
  },
  {
    kind: 'required',
    text: 'W5 identical: upstream calls for each operation (a create is never shared)',
    bound: 'at least',
    limit: 1,
    valueOf: (results) => medianOf(results, identical('W5'), 'service', 'upstreamCallsPerRequest'),
  },
  addsAtMost('W1', 2.5),
  addsAtMost('W2', 1.5),
  {
    kind: 'absolute',
    text: 'megabytes resident after the load',
    bound: 'at most',
    limit: 160,
    valueOf: (results) => peakResidentMb(results, 'service'),
  },
  asFastAsPeer('W1'),
  asFastAsPeer('W2'),
  asFastAsPeer('W3'),
  asFastAsPeer('W5'),
];

/** Only the targets whose values were measured. */
export const targetsOf = (results: Results): readonly Target[] =>
  RULES.map(({ kind, text, bound, limit, valueOf }) => {
    const value = valueOf(results);
    const isMet = bound === 'at least' ? value >= limit : value <= limit;
    return { kind, text: `${text}: ${bound} ${limit}`, value, isMet };
  }).filter(({ value }) => !Number.isNaN(value));
