/** `npm run build`: compiles `src` to `dist` and bundles the pages. Both keep what has not changed since the last build. */
import './check-node.js';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const COMPILER = createRequire(import.meta.url).resolve('typescript/bin/tsc');

if (!existsSync('dist/main.js')) process.stderr.write('Building, which takes some seconds the first time …\n');
const { status } = spawnSync(process.execPath, [COMPILER, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await import('../explorer/build.js');
