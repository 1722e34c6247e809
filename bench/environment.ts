/** The environment of a measurement: the machine, the Node version and the versions of what is compared. */
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

const PACKAGES = ['@apollo/server', 'type-graphql', '@apollo/datasource-rest', 'mercurius', 'undici', 'graphql'];

export function machine(): string {
  const all = cpus();
  const model = all[0]?.model.trim() ?? 'unknown processor';
  return `${all.length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB`;
}

/** package.json pins every version exactly. */
export async function versions(packageJson: URL): Promise<Record<string, string>> {
  const { dependencies, devDependencies } = JSON.parse(await readFile(packageJson, 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const pinned = { ...dependencies, ...devDependencies };
  return Object.fromEntries(PACKAGES.map((name) => [name, pinned[name] ?? 'absent']));
}
