/** Merges the delta of a stream event into its object, as the SDKs of OpenAI do. */

type Fields = Record<string, unknown>;

/** Strings that a later delta repeats instead of continuing them. */
const REPLACED: ReadonlySet<string> = new Set(['index', 'type', 'id', 'role', 'object']);

/**
 * Strings are appended, entries of lists are merged by their `index`, objects are merged, and other values are replaced.
 * Null never replaces a value. Changes `target`. Upstream chooses the names, so `__proto__` is ignored.
 */
export function mergeDelta(target: Fields, delta: Fields): void {
  for (const [name, value] of Object.entries(delta)) {
    if (name === '__proto__') continue;
    const current = Object.hasOwn(target, name) ? target[name] : undefined;
    if (value === null && current !== undefined) continue;
    if (typeof value === 'string' && typeof current === 'string' && !REPLACED.has(name)) target[name] = current + value;
    else if (Array.isArray(value)) target[name] = mergeList(Array.isArray(current) ? current : [], value);
    else if (isFields(value) && isFields(current)) mergeDelta(current, value);
    else target[name] = value;
  }
}

function mergeList(target: unknown[], entries: readonly unknown[]): unknown[] {
  for (const entry of entries) {
    const index = isFields(entry) && typeof entry['index'] === 'number' ? entry['index'] : target.length;
    const current = target[index];
    if (isFields(entry) && isFields(current)) mergeDelta(current, entry);
    // An index beyond the end would leave holes.
    else target[Math.min(index, target.length)] = entry;
  }
  return target;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
