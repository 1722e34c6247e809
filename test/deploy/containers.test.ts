// The Dockerfile, docker-compose.yml and the files of deploy/ fit the service and one another, as far as this can be
// checked without a container engine.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config.ts';
import type { Environment } from '../../src/runtime/environment.ts';
import { readStandaloneSettings } from '../../src/local-aiml/settings.ts';

interface Container {
  readonly build?: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly networks?: unknown;
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly restart?: string;
  readonly healthcheck?: unknown;
  readonly tmpfs?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Container>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (file: string): string => readFileSync(file, 'utf8');
const matches = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, name]) => name ?? '');

/** Substitutes variables as Compose does, for the one syntax that the file uses. */
const interpolate = (text: string, values: Environment): string =>
  text.replaceAll(/\$\{([A-Z_]+):-([^}]*)\}/g, (_, name: string, fallback: string) => values[name] ?? fallback);

const readCompose = (values: Environment): Readonly<Record<string, Container>> =>
  (parse(interpolate(read('docker-compose.yml'), values), { merge: true }) as Compose).services;

const dockerfile = read('Dockerfile');
/** The environment that the image sets. */
const imageEnvironment = Object.fromEntries(
  matches(dockerfile, /^ENV (.+)$/gm).flatMap((line) =>
    line.split(' ').map((pair) => pair.split('=') as [string, string]),
  ),
);

const containers = readCompose({ AIML_API_KEY: 'key' });
const services = Object.entries(containers).filter(([, { build, command }]) => build !== undefined && !command);
const localAiml = Object.entries(containers).filter(([, { command }]) => command?.includes('dist/local-aiml/main.js'));

/** The settings that the service reads. */
const knownSettings = ['NODE_ENV', ...matches(read('.env.example'), /^([A-Z_]+)=/gm)];
const unknownSettings = (environment: Environment): string[] =>
  Object.keys(environment).filter((name) => !knownSettings.includes(name));

/** The longest time in milliseconds that the service takes to stop. */
const stoppingTime = (environment: Environment): number => {
  const { shutdownGraceMs, shutdownTimeoutMs } = readConfig(environment);
  return shutdownGraceMs + shutdownTimeoutMs;
};

describe.each(services)('the container %s', (_name, { environment = {}, stop_grace_period: grace = '10s' }) => {
  const settings = { ...imageEnvironment, ...environment };

  test('sets nothing that the service does not read', () => {
    expect(unknownSettings(settings)).toEqual([]);
    expect(unknownSettings({ AIML_APIKEY: '' })).toEqual(['AIML_APIKEY']);
  });

  test('has valid settings and listens on all interfaces', () => {
    expect(readConfig(settings)).toMatchObject({ host: '0.0.0.0', port: 4000 });
  });

  test('has enough time to finish requests in flight', () => {
    expect(Number.parseInt(grace) * 1000).toBeGreaterThan(stoppingTime(settings));
  });
});

describe('the containers', () => {
  test('have the names that the README and the head of the file use', () => {
    for (const file of ['README.md', 'docker-compose.yml']) {
      const profiles = matches(read(file), /docker compose --profile ([a-z-]+) up/g);
      expect(Object.values(containers).flatMap((container) => container.profiles ?? [])).toEqual(
        expect.arrayContaining(profiles),
      );
      const names = matches(read(file), /docker compose up ([a-z-]+)/g);
      expect(names).toEqual(['aiml', 'balancer']);
      expect(Object.keys(containers)).toEqual(expect.arrayContaining(names));
    }
  });

  test('without a profile are the service on the embedded AIML API alone', () => {
    const unnamed = Object.entries(containers).filter(([, { profiles }]) => !profiles);
    expect(unnamed.map(([name]) => name)).toEqual(['assistants']);
  });

  test('use the embedded AIML API, except for one, which requires a key', () => {
    const kindOf = (name: string, values: Environment) =>
      readConfig({ ...imageEnvironment, ...readCompose(values)[name]?.environment }).upstream;
    expect(kindOf('assistants', { AIML_API_KEY: 'key' })).toEqual({ kind: 'local', dataDir: '/data' });
    expect(kindOf('replica', { AIML_API_KEY: 'key' })).toMatchObject({ baseUrl: new URL('http://local-aiml:4000') });
    expect(kindOf('aiml', { AIML_API_KEY: 'key' })).toMatchObject({ kind: 'aiml', apiKey: 'key' });
    expect(() => kindOf('aiml', {})).toThrow('AIML_API_KEY must be set');
  });

  test('that run the embedded AIML API alone have its settings', () => {
    for (const [, { environment = {} }] of localAiml) {
      expect(unknownSettings(environment)).toEqual([]);
      const settings = readStandaloneSettings({ ...imageEnvironment, ...environment });
      expect(settings).toMatchObject({ host: '0.0.0.0', port: 4000, dataDir: '/data' });
      expect(settings.runs.modelApi).toMatchObject({ key: 'key' });
    }
  });

  test('run files of the build', () => {
    const commands = [
      ...Object.values(containers).map(({ command }) => command ?? []),
      ...matches(dockerfile, /^CMD \[(.+)\]$/gm).map((list) => parse(`[${list}]`) as string[]),
    ];
    const files = commands.flat().filter((word) => word.startsWith('dist/'));
    expect(files).toEqual(['dist/local-aiml/main.js', 'dist/main.js']);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('are published on loopback only, on different ports', () => {
    const published = Object.values(containers).flatMap(({ ports = [] }) => ports);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(new Set(published.map((port) => port.split(':')[1])).size).toBe(published.length);
  });

  test('mount existing files and declared volumes', () => {
    const { volumes } = parse(read('docker-compose.yml'), { merge: true }) as Compose;
    const sources = Object.values(containers).flatMap((container) => container.volumes ?? []);
    for (const [source = '', , mode] of sources.map((volume) => volume.split(':')))
      if (source.startsWith('./')) expect([source, existsSync(source), mode]).toEqual([source, true, 'ro']);
      else expect(Object.keys(volumes)).toContain(source);
  });

  test('have a memory limit, a restart policy and a health check', () => {
    for (const [name, { build, mem_limit: limit, restart, healthcheck }] of Object.entries(containers))
      expect({ name, limit, restart, isChecked: healthcheck !== undefined || build !== undefined }).toEqual({
        name,
        limit: expect.stringMatching(/^\d+m$/),
        restart: 'unless-stopped',
        isChecked: true,
      });
    expect(dockerfile).toContain('HEALTHCHECK');
    expect(dockerfile).not.toContain('VOLUME');
  });

  test('take CORS and authentication from the environment', () => {
    const values = {
      AIML_API_KEY: 'key',
      CORS_ORIGINS: 'https://app.example.com',
      AUTH_MODE: 'jwt',
      JWT_ISSUER: 'https://issuer.example.com/',
      JWT_AUDIENCE: 'api',
      JWKS_URL: 'https://issuer.example.com/keys',
    };
    const configOf = (name: string) => readConfig({ ...imageEnvironment, ...readCompose(values)[name]?.environment });
    for (const [name] of services) expect(configOf(name).corsOrigins).toEqual(['https://app.example.com']);
    expect(configOf('aiml').auth).toMatchObject({ mode: 'jwt', issuer: 'https://issuer.example.com/' });
  });

  test('take every setting from the environment, except those that the containers themselves decide', () => {
    const decided = [
      // The upstream of each service, and addresses and folders inside the containers.
      ...['UPSTREAM', 'ALLOW_ANONYMOUS', 'REDIS_URL', 'HOST', 'DATA_DIR', 'NODE_ENV'],
      // A file that would have to be mounted.
      ...['PERSISTED_OPERATIONS', 'PERSISTED_OPERATIONS_MODE'],
      // `stop_grace_period` fits these.
      ...['SHUTDOWN_GRACE_MS', 'SHUTDOWN_TIMEOUT_MS'],
    ];
    const published = matches(read('docker-compose.yml'), /127\.0\.0\.1:\$\{([A-Z_]+):-/g);
    const taken = matches(read('docker-compose.yml'), /^ +\w+: '?\$\{([A-Z_]+):-/gm);
    expect([...new Set(taken), ...published, ...decided].sort()).toEqual([...knownSettings].sort());
  });

  test('pin the versions of their images', () => {
    const bases = matches(dockerfile, /^FROM (\S+)/gm);
    expect(bases.filter((image) => !/:\d+\.\d+\.\d+-\w+-\w+$/.test(image))).toEqual([]);
    const pulled = Object.values(containers).filter(({ build }) => build === undefined);
    expect(pulled.filter(({ image }) => !/:v?\d+\.\d+\.\d+(?:-\w+)?$/.test(image))).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['docker-compose.yml', /(?:http|redis):\/\/([a-z-]+):\d/g],
    ['deploy/haproxy.cfg', /server-template \S+ \d+ ([a-z-]+):4000/g],
    ['deploy/grafana/datasource.yml', /http:\/\/([a-z-]+):9090/g],
  ])('have the names that %s uses', (file, pattern) => {
    const used = matches(read(file), pattern);
    expect(used).not.toEqual([]);
    expect(Object.keys(containers)).toEqual(expect.arrayContaining(used));
  });

  test('send each event of a stream at once', () => {
    expect(read('deploy/haproxy.cfg')).toMatch(/^ +option http-no-delay$/m);
  });

  test('that expose metrics are all scraped by Prometheus', () => {
    const aliases = matches(read('deploy/prometheus.yml'), /names: \[([a-z-]+)\]/g);
    expect(services.map(([, { networks }]) => networks)).toEqual(services.map(() => ({ default: { aliases } })));
  });
});

describe('the image', () => {
  test('copies existing files that .dockerignore includes', () => {
    const ignore = read('.dockerignore').split('\n');
    const copied = matches(dockerfile, /^COPY (?!--from)(.+) \S+$/gm).flatMap((line) => line.split(' '));
    expect(copied).toContain('src');
    expect(copied.filter((file) => !existsSync(file) || !ignore.includes(`!${file}`))).toEqual([]);
  });
});

describe('the Kubernetes manifest', () => {
  const [deployment, service, budget] = parseAllDocuments(
    read('deploy/kubernetes.yml').replaceAll(/<\w+>/g, 'example.com'),
  ).map((document) => document.toJS() as unknown) as [
    { readonly spec: { readonly template: { readonly metadata: unknown; readonly spec: PodSpec } } },
    { readonly spec: { readonly selector: unknown } },
    { readonly kind: string; readonly spec: { readonly selector: { readonly matchLabels: unknown } } },
  ];
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  const settings = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

  interface PodSpec {
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly [
      { readonly env: readonly { readonly name: string; readonly value: string }[] } & Readonly<
        Record<'readinessProbe' | 'livenessProbe', { readonly httpGet: { readonly path: string } }>
      >,
    ];
  }

  test('starts the service with valid settings and the key of the secret', () => {
    expect(unknownSettings(settings)).toEqual([]);
    const config = readConfig({ ...imageEnvironment, ...settings, AIML_API_KEY: 'key' });
    expect(config).toMatchObject({
      auth: {
        mode: 'jwt',
        issuer: 'https://example.com/',
        jwksUrl: new URL('https://example.com/.well-known/jwks.json'),
      },
      upstream: { kind: 'aiml' },
      corsOrigins: ['https://example.com'],
    });
  });

  test('probes the right paths, and leaves enough time to finish requests in flight', () => {
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    expect(container.livenessProbe.httpGet.path).toBe('/healthz');
    const longest = stoppingTime({ ...imageEnvironment, ...settings, AIML_API_KEY: 'key' });
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(longest);
  });

  test('selects its own pods', () => {
    expect(deployment.spec.template.metadata).toMatchObject({ labels: service.spec.selector });
    expect(budget).toMatchObject({
      kind: 'PodDisruptionBudget',
      spec: { selector: { matchLabels: service.spec.selector } },
    });
  });
});
