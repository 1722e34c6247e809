/** The names of all settings, and the detection of misspelt ones. */

const SETTING_NAMES = [
  'AIML_API_BASE_URL',
  'AIML_API_KEY',
  'ALLOWED_HOSTS',
  'ALLOW_ANONYMOUS',
  'AUTH_MODE',
  'CACHE_TTL_SECONDS',
  'CORS_ORIGINS',
  'DATA_DIR',
  'EXPLORER',
  'FEDERATION',
  'HOST',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'INTROSPECTION',
  'JWKS_URL',
  'JWT_AUDIENCE',
  'JWT_ISSUER',
  'LOG_LEVEL',
  'MAX_IN_FLIGHT',
  'MAX_STREAMS',
  'MODEL_ALIASES',
  'MODEL_API_BASE_URL',
  'MODEL_API_FIRST_TOKEN_TIMEOUT_MS',
  'MODEL_API_KEY',
  'MODEL_API_TIMEOUT_MS',
  'NO_PROXY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_SERVICE_NAME',
  'PERSISTED_OPERATIONS',
  'PERSISTED_OPERATIONS_MODE',
  'PORT',
  'REDIS_URL',
  'RUN_CONCURRENCY',
  'RUN_EXPIRES_AFTER_SECONDS',
  'SHUTDOWN_GRACE_MS',
  'SHUTDOWN_TIMEOUT_MS',
  'UPSTREAM',
  'UPSTREAM_ATTEMPT_TIMEOUT_MS',
  'UPSTREAM_CONNECTIONS',
  'UPSTREAM_DEADLINE_MS',
  'UPSTREAM_RATE_LIMIT',
] as const;

interface MisspeltSetting {
  readonly name: string;
  /** The setting that is probably meant. */
  readonly suggestion: string;
}

/** Variables of systems and tools that resemble a setting. */
const OTHER_VARIABLES = new Set(['PATH', 'HOME', 'POST', 'HOSTS', 'PORTS', 'NODE_ENV']);

/** Names in the environment that are a typing error away from a setting. Values are not read. */
export function findMisspeltSettings(names: readonly string[]): readonly MisspeltSetting[] {
  return names.flatMap((name) => {
    // Names of another form cannot be misspelt settings. The lower-case names of proxies are valid, too.
    if (!/^[A-Z][A-Z0-9_]{2,39}$/.test(name) || OTHER_VARIABLES.has(name)) return [];
    if (SETTING_NAMES.some((setting) => setting === name)) return [];
    const [nearest] = SETTING_NAMES.map((setting) => ({ setting, distance: editDistance(name, setting) }))
      .filter(({ setting, distance }) => distance <= (setting.length > 8 ? 2 : 1))
      .sort((one, other) => one.distance - other.distance);
    return nearest ? [{ name, suggestion: nearest.setting }] : [];
  });
}

/** Insertions, deletions, substitutions, and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let [beforeLast, last]: [readonly number[], readonly number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const edits = [(last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits.push((beforeLast[j - 2] ?? 0) + 1);
      row.push(Math.min(...edits));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? Infinity;
}
