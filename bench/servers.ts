/** The servers that are compared, and how each is started in front of the bench's upstream. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Child } from './children.ts';
import type { Protocol } from './load/requests.ts';

export const SERVER_NAMES = ['service', 'before', 'raw', 'baseline', 'mercurius'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

interface ServerPlan {
  readonly title: string;
  readonly protocol: Protocol;
  /** Relative to the folder of the compiled bench; null if `--before` gives the folder. */
  readonly script: string | null;
}

export const SERVER_PLANS: Readonly<Record<ServerName, ServerPlan>> = {
  service: { title: 'the service', protocol: 'graphql', script: '../main.js' },
  before: { title: 'the service before', protocol: 'graphql', script: null },
  raw: { title: 'plain undici proxy', protocol: 'rest', script: 'peers/raw-node.js' },
  baseline: { title: "the baseline's Apollo Server", protocol: 'graphql', script: 'peers/baseline/main.js' },
  mercurius: { title: 'mercurius with JIT', protocol: 'graphql', script: 'peers/mercurius.js' },
};

export interface Server {
  readonly name: ServerName;
  readonly protocol: Protocol;
  readonly url: URL;
  readonly child: Child;
}

export interface ServerOptions {
  readonly upstreamUrl: URL;
  /** Settings of the service that differ from its defaults. */
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  readonly profileFolder: string | null;
  /** The built checkout of the server `before`. */
  readonly beforeFolder: string | null;
}

export async function startServer(name: ServerName, options: ServerOptions): Promise<Server> {
  const { protocol, script } = SERVER_PLANS[name];
  const { child, url } = await Child.start({
    name,
    script: script === null ? toBeforeScript(options.beforeFolder) : new URL(script, import.meta.url),
    environment: {
      AIML_API_BASE_URL: options.upstreamUrl.origin,
      AIML_API_KEY: 'bench',
      ...((name === 'service' || name === 'before') && { UPSTREAM: 'aiml', PORT: '0', ...options.serviceEnvironment }),
    },
    profileFolder: options.profileFolder,
  });
  return { name, protocol, url, child };
}

function toBeforeScript(folder: string | null): URL {
  if (folder === null) throw new Error('the server "before" needs a folder');
  return pathToFileURL(resolve(folder, 'dist/main.js'));
}
