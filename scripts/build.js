/** `npm run build`: compiles `src` to `dist` and bundles the pages. Both keep what has not changed since the last build. */
import './check-node.js';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const COMPILER = createRequire(import.meta.url).resolve('typescript/bin/tsc');

if (!existsSync('dist/main.js')) process.stderr.write('Building, which takes some seconds the first time …\n');
const compiler = spawn(process.execPath, [COMPILER, '--build', 'tsconfig.build.json'], { stdio: 'inherit' });
/** @type {Promise<number | null>} */
const compiled = new Promise((resolve) => compiler.once('exit', resolve));
await import('../explorer/build.js');
process.exitCode = (await compiled) ?? 1;
