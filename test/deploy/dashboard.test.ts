// The Grafana dashboard and the alerts use metrics and labels that /metrics has.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readSse, subscribe, toArray } from '../support/run-events.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { wireRun } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { panels } = JSON.parse(readFileSync('deploy/grafana/assistants.json', 'utf8')) as { panels: readonly Panel[] };
const targets = panels.flatMap(({ title, targets }) => targets.map((target) => [title, target] as const));

let upstream: ScriptedUpstream;
let service: TestService;
/** The names of the service's own metrics. */
let described: readonly string[];
/** By name: the values of each label. */
let metrics: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** Reads the metrics of a service that has succeeded, failed and retried, so that each metric has a value. */
beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path }, response, index) => {
    if (index === 0) sendJson(response, 503, {});
    else if (path === '/threads/thread_1/runs/run_1') sendJson(response, 200, wireRun('completed'));
    else if (path.startsWith('/threads/')) sendJson(response, 200, { object: 'list', data: [], has_more: false });
    else sendJson(response, 200, wireAssistant('asst_1'));
  });
  service = await startService({
    AIML_API_KEY: 'key',
    CACHE_TTL_SECONDS: '60',
    AIML_API_BASE_URL: upstream.url,
    // There is no listener, so that the state of Redis has a value as well.
    REDIS_URL: 'redis://127.0.0.1:1',
  });
  expect((await service.query('{ assistant(id: "asst_1") { id } }')).errors).toBeUndefined();
  expect(upstream.calls).toHaveLength(2);
  await service.query('{ nothing }');
  await service.query('mutation { createAssistant(input: { model: " " }) { userErrors { code } } }');
  await toArray(readSse(await subscribe(service, { threadId: 'thread_1', runId: 'run_1' })));
  // Closed with 4406, as no such subprotocol is known.
  const { state } = await openSocket(service, { connectionParams: null, protocol: 'graphql-ws' });
  await until(() => state.closedWith !== null);
  const text = await (await fetch(`${service.url}/metrics`)).text();
  metrics = readMetrics(text);
  described = [...text.matchAll(/^# HELP (assistants_\w+)/gm)].map(([, name = '']) => name);
});
afterAll(() => Promise.all([service.stop(), upstream.stop()]));

function readMetrics(text: string) {
  const metrics = new Map<string, Map<string, Set<string>>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? /gm)) {
    const values = metrics.get(name) ?? new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g))
      values.set(label, (values.get(label) ?? new Set()).add(value));
    metrics.set(name, values);
  }
  return metrics;
}

/** The names in a query and its legend that the metrics do not have. */
function missing(query: string, legend: string): string[] {
  const names = [...query.matchAll(/\b(?:assistants|nodejs|process)_\w+/g)].map(([name]) => name);
  // Prometheus itself adds the label `instance`.
  const labels = new Set(['instance', ...names.flatMap((name) => [...(metrics.get(name)?.keys() ?? [])])]);
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  const selected = [...query.matchAll(/\b(\w+)(?:!?=)"([^"]*)"/g)];
  const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
  return [
    ...(names.length === 0 ? ['a metric'] : names.filter((name) => !metrics.has(name))),
    ...[...grouped, ...selected.map(([, label = '']) => label)].filter((label) => !labels.has(label)),
    ...selected.flatMap(([, label = '', value = '']) =>
      names.some((name) => metrics.get(name)?.get(label)?.has(value)) ? [] : [`${label}="${value}"`],
    ),
    ...shown.filter((label) => !grouped.includes(label)),
  ];
}

describe('the dashboard', () => {
  test.each(targets)('uses existing metrics and labels: %s', (_title, { expr, legendFormat }) => {
    expect(missing(expr, legendFormat)).toEqual([]);
  });

  test('shows each metric of the service', () => {
    const shown = targets.map(([, { expr }]) => expr).join();
    expect(described.filter((name) => !shown.includes(name))).toEqual([]);
  });

  test('the check finds unknown metrics and labels', () => {
    expect(missing('sum by (code) (rate(assistants_operation_total[1m]))', '')).toEqual([
      'assistants_operation_total',
      'code',
    ]);
    expect(missing('sum(assistants_operations_total{outcome="fine"})', '{{kind}}')).toEqual(['outcome="fine"', 'kind']);
    expect(missing('vector(1)', '')).toEqual(['a metric']);
  });
});

describe('the alerts', () => {
  const { groups } = parse(readFileSync('deploy/alerts.yml', 'utf8')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly annotations: { readonly summary: string };
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules).filter(({ expr }) => !expr.startsWith('up{'));

  test.each(rules.map((rule) => [rule.alert, rule] as const))('%s uses existing metrics and labels', (_, rule) => {
    const unlabelled = rule.expr.replaceAll('job="assistants"', '').replaceAll('le)', 'instance)');
    expect(
      missing(unlabelled, rule.annotations.summary.replaceAll('{{ $labels.', '{{').replaceAll(' }}', '}}')),
    ).toEqual(unlabelled.includes(' by (') ? [] : ['instance']);
  });
});
