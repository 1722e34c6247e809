/** The process of `npm run bench`: starts the upstream and the servers, measures, reports. */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { machine, versions } from './environment.ts';
import { Numbers } from './load/requests.ts';
import { Bench } from './measure.ts';
import { HELP, readOptions, UsageError, type Options } from './options.ts';
import { writeReadme } from './report/readme.ts';
import { print } from './report/terminal.ts';
import type { Results } from './results.ts';
import { startServer, type Server } from './servers.ts';
import { targetsOf } from './targets.ts';
import { Upstream } from './upstream/client.ts';

/** Relative to the folder of the compiled bench. */
const PROJECT = new URL('../../', import.meta.url);
const RESULTS = new URL('bench/results/', PROJECT);

async function measure(options: Options): Promise<Results> {
  const upstream = await Upstream.start();
  const servers: Server[] = [];
  try {
    for (const name of options.servers)
      servers.push(
        await startServer(name, {
          upstreamUrl: upstream.url,
          serviceEnvironment: options.serviceEnvironment,
          profileFolder: options.profile ? fileURLToPath(RESULTS) : null,
          beforeFolder: options.beforeFolder,
        }),
      );
    const measured = await new Bench(options, servers, upstream, new Numbers()).run();
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      node: process.versions.node,
      versions: await versions(new URL('package.json', PROJECT)),
      rounds: options.rounds,
      seconds: options.seconds,
      connections: options.connections,
      serviceEnvironment: options.serviceEnvironment,
      ...measured,
    };
  } finally {
    await Promise.all(servers.map(({ child }) => child.stop()));
    await upstream.stop();
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const results = await measure(options);
  print(results);
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL('last.json', RESULTS), `${JSON.stringify(results, null, 2)}\n`);
  if (options.writeReadme) await writeReadme(fileURLToPath(new URL('bench/README.md', PROJECT)), results);
  if (!options.check) return 0;
  const required = targetsOf(results).filter(({ kind }) => kind === 'required');
  if (required.length === 0) throw new Error('nothing that was measured has a target to check');
  return required.every(({ isMet }) => isMet) ? 0 : 1;
}

main().then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    const message = error instanceof Error ? error.message : 'failed';
    process.stderr.write(`bench: ${message}${error instanceof UsageError ? '; --help shows what there is' : ''}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
