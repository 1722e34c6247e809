/**
 * Ends the process with one line if this Node.js is older than package.json allows, or if the packages are not installed.
 * Runs on old versions: imported before anything that does not.
 */
import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
/** @type {unknown} */
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const { engines } = /** @type {{ engines: { node: string } }} */ (manifest);
const [major = 0, minor = 0] = toNumbers(engines.node.replace('>=', ''));
const [ownMajor = 0, ownMinor = 0] = toNumbers(process.versions.node);

if (ownMajor < major || (ownMajor === major && ownMinor < minor))
  exitWith(`Node.js ${process.versions.node} is too old: this project needs ${major}.${minor} or newer`);
if (!existsSync(new URL('node_modules/typescript/', root)))
  exitWith('the packages are not installed: run "npm ci" first');

/** @param {string} version */
function toNumbers(version) {
  return version.split('.').map(Number);
}

/** @param {string} problem */
function exitWith(problem) {
  process.stderr.write(`assistants-graphql: ${problem}\n`);
  process.exit(1);
}
