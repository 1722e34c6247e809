/**
 * Exits the process with one line if this version of Node.js is too old. Entry points import it first. What they import
 * statically must link on old versions: nothing that only newer ones export is imported by name from a built-in module.
 */

/** The same as `engines` in package.json: major and minor version. */
const MINIMUM: readonly [number, number] = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  process.stderr.write(
    `assistants-graphql: Node.js ${process.versions.node} is too old: this service needs ${MINIMUM.join('.')} or newer\n`,
  );
  process.exit(1);
}
