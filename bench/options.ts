/** The command line. */
import { parseArgs } from 'node:util';
import { SERVER_NAMES, type ServerName } from './servers.ts';
import { WORKLOADS, type Kind, type WorkloadName } from './workloads.ts';

export const HELP = `Measures the service side by side with a plain proxy and other GraphQL servers.

  npm run bench -- [options]

  --only W1,W2              these workloads (W1 to W5)
  --kinds distinct          distinct, identical, or both (the default)
  --servers service,baseline    these servers: ${SERVER_NAMES.join(', ')}; ratios need raw and baseline
  --before FOLDER           measure another checkout of the service as well, which is built: "before"
  --rounds 5                how often everything is measured
  --seconds 4               how long each measurement takes
  --connections 64          how many callers there are at a time
  --no-latency              leave out the latency behind an upstream that takes 50 ms
  --quick                   one round of one second each, to see that it works; the numbers mean nothing
  --env NAME=VALUE          a setting of the service beyond its defaults; may be given more than once
  --profile                 write a CPU profile of each server to bench/results
  --check                   end with exit code 1 where a ratio or count that was measured misses its target
  --write-readme            put the tables into bench/README.md
  --help                    this text
`;

export interface Options {
  readonly workloads: readonly WorkloadName[];
  readonly kinds: readonly Kind[];
  readonly servers: readonly ServerName[];
  readonly beforeFolder: string | null;
  readonly rounds: number;
  readonly seconds: number;
  /** Seconds of load before the first measurement of each server and workload, which are not counted. */
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly latency: boolean;
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  readonly profile: boolean;
  readonly check: boolean;
  readonly writeReadme: boolean;
}

/** The command line is invalid; the message gives the reason. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Null if `--help` is given. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): Options | null {
  const values = parse(args);
  if (values.help) return null;
  const quick = values.quick;
  return {
    workloads: list(
      '--only',
      values.only,
      WORKLOADS.map(({ name }) => name),
    ),
    kinds: list('--kinds', values.kinds, ['distinct', 'identical']),
    servers: list('--servers', values.servers, SERVER_NAMES).filter(
      (name) => name !== 'before' || values.before !== undefined,
    ),
    beforeFolder: values.before ?? null,
    rounds: positive('--rounds', values.rounds, quick ? 1 : 5),
    seconds: positive('--seconds', values.seconds, quick ? 1 : 4),
    warmUpSeconds: quick ? 0.5 : 8,
    connections: positive('--connections', values.connections, 64),
    latency: !values['no-latency'],
    serviceEnvironment: Object.fromEntries(values.env.map(toSetting)),
    profile: values.profile,
    check: values.check,
    writeReadme: values['write-readme'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        kinds: { type: 'string' },
        servers: { type: 'string' },
        before: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        connections: { type: 'string' },
        'no-latency': { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        env: { type: 'string', multiple: true, default: [] },
        profile: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        'write-readme': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the options cannot be read');
  }
}

function list<T extends string>(option: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  const names = text.split(',');
  const unknown = names.find((name) => !known.some((item) => item === name));
  if (unknown !== undefined) throw new UsageError(`${option} takes ${known.join(', ')}; not ${unknown}`);
  return known.filter((name) => names.includes(name));
}

function positive(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`${option} takes a whole number from 1`);
  return value;
}

function toSetting(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError('--env takes NAME=VALUE');
  return [text.slice(0, at), text.slice(at + 1)];
}
