#!/usr/bin/env node
/**
 * The entry point. It handles signals and checks the version of Node.js before it loads the service, which takes a while and
 * which an old version may fail to link.
 */

import { StopSignals } from './runtime/stop-signals.ts';

const stopping = new StopSignals((code) => process.exit(code));

/** The same as `engines` in package.json: major and minor version. */
const MINIMUM: readonly [number, number] = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  process.stderr.write(
    `assistants-graphql: Node.js ${process.versions.node} is too old: this service needs ${MINIMUM.join('.')} or newer\n`,
  );
  process.exit(1);
}
const { start } = await import('./commands/start.ts');
await start(process.argv.slice(2), stopping);
