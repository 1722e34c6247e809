/**
 * Ends the process with one line if this Node.js is older than package.json allows, or if the packages are not installed.
 * Runs on old versions: imported before anything that does not.
 */
import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { engines } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const [major, minor] = engines.node.replace('>=', '').split('.').map(Number);
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);

if (ownMajor < major || (ownMajor === major && ownMinor < minor))
  exitWith(`Node.js ${process.versions.node} is too old: this project needs ${major}.${minor} or newer`);
if (!existsSync(new URL('node_modules/typescript/', root)))
  exitWith('the packages are not installed: run "npm ci" first');

/** @param {string} problem */
function exitWith(problem) {
  process.stderr.write(`assistants-graphql: ${problem}\n`);
  process.exit(1);
}
