/** The tables as rows of text, independent of how they are printed. */
import { latencyOf, medianOf, ratioOf, type Case, type Results } from '../results.ts';
import { SERVER_NAMES, SERVER_PLANS, type ServerName } from '../servers.ts';
import { WORKLOADS } from '../workloads.ts';

export interface Table {
  readonly title: string;
  /** The first column is text, the others are numbers. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const format = (value: number, digits: number): string =>
  Number.isNaN(value)
    ? '–'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export function tablesOf(results: Results): readonly Table[] {
  const servers = SERVER_NAMES.filter(
    (name) =>
      results.samples.some(({ server }) => server === name) || results.latency.some(({ server }) => server === name),
  );
  const cases = WORKLOADS.flatMap(({ name, title, kinds }) =>
    kinds.map((kind) => ({ workload: name, kind, title: kinds.length > 1 ? `${title}, ${kind}` : title })),
  ).filter(({ workload, kind }) =>
    results.samples.some((sample) => sample.workload === workload && sample.kind === kind),
  );
  const tables = cases.map((which) => loadTable(results, which, which.title, servers));
  return results.latency.length === 0 ? tables : [...tables, latencyTable(results, servers)];
}

function loadTable(results: Results, which: Case, title: string, servers: readonly ServerName[]): Table {
  const hasBefore = servers.includes('before');
  return {
    title: `${which.workload}: ${title}`,
    head: [
      '',
      'requests/s',
      '× proxy',
      '× baseline',
      ...(hasBefore ? ['× before', 'CPU: before ÷'] : []),
      'CPU µs',
      'CPU: baseline ÷',
      'p50 ms',
      'p99 ms',
      'upstream calls',
      'resident MB',
    ],
    rows: servers.map((server) => [
      SERVER_PLANS[server].title,
      format(medianOf(results, which, server, 'perSecond'), 0),
      format(ratioOf(results, which, server, 'raw'), 3),
      format(ratioOf(results, which, server, 'baseline'), 2),
      ...(hasBefore
        ? [format(ratioOf(results, which, server, 'before'), 3), format(cpuGain(results, which, server, 'before'), 3)]
        : []),
      format(medianOf(results, which, server, 'cpuUsPerRequest'), 0),
      format(cpuGain(results, which, server, 'baseline'), 2),
      format(medianOf(results, which, server, 'p50Ms'), 2),
      format(medianOf(results, which, server, 'p99Ms'), 2),
      format(medianOf(results, which, server, 'upstreamCallsPerRequest'), 2),
      format(medianOf(results, which, server, 'residentMb'), 0),
    ]),
  };
}

/** The ratio of another server's CPU time for a request to this server's. */
const cpuGain = (results: Results, which: Case, server: ServerName, other: ServerName): number =>
  medianOf(results, which, other, 'cpuUsPerRequest') / medianOf(results, which, server, 'cpuUsPerRequest');

function latencyTable(results: Results, servers: readonly ServerName[]): Table {
  return {
    title: 'One caller behind an upstream that takes 50 ms: milliseconds at the median',
    head: ['', 'W1', 'W1 added', 'W2', 'W2 added'],
    rows: servers.map((server) => [
      SERVER_PLANS[server].title,
      ...(['W1', 'W2'] as const).flatMap((workload) => [
        format(latencyOf(results, workload, server, 'p50Ms'), 2),
        format(latencyOf(results, workload, server, 'addedMs'), 2),
      ]),
    ]),
  };
}
