/**
 * `npm start` and the like: builds, then runs the entry point of its argument in this process. A signal during the build exits
 * with code 0, as one during the start of the service does.
 */
import './check-node.js';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const build = spawn(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    // The entry point has its own handler.
    if (process.listenerCount(signal) > 1) return;
    build.kill();
    process.exit(0);
  });

/** @type {number | null} */
const code = await new Promise((onExit) => build.once('exit', onExit));
if (code !== 0) process.exit(code ?? 1);
const [entry] = process.argv.splice(2, 1);
await import(pathToFileURL(resolve(entry ?? 'dist/main.js')).href);
