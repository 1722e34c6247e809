#!/usr/bin/env node
/** The entry point. It handles signals before it loads the service, which takes a while. */

import { StopSignals } from './runtime/stop-signals.ts';
import './runtime/check-node-version.ts';

const stopping = new StopSignals((code) => process.exit(code));
const { start } = await import('./commands/start.ts');
await start(process.argv.slice(2), stopping);
