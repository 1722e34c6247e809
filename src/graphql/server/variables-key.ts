/** A key of variables, for finding identical operations in flight. */

/** Larger variables have no key: it would stay in memory while the operation is in flight. */
const MAX_CHARACTERS = 4096;
const MAX_VALUES = 256;

type Variables = Readonly<Record<string, unknown>>;

/**
 * The same text for the same values of the variables `names` alone; null if they are too large, or have no text of their own.
 * Other variables are not looked at: they have no effect, and there may be very many.
 */
export function toVariablesKey(variables: Variables, names: readonly string[]): string | null {
  const given: unknown[] = [];
  for (const name of names) if (Object.hasOwn(variables, name)) given.push(name, variables[name]);
  return new Measure().fits(given) ? JSON.stringify(given) : null;
}

/** Walks results of JSON.parse and stops at the first value without a unique text. */
class Measure {
  #characters = 0;
  #values = 0;

  fits(value: unknown): boolean {
    if ((this.#values += 1) > MAX_VALUES) return false;
    switch (typeof value) {
      case 'string':
        return this.#takes(value.length);
      case 'number':
        // JSON.parse reads 1e400 as Infinity, which JSON.stringify writes as null.
        return Number.isFinite(value);
      case 'object': {
        if (value === null) return true;
        for (const key in value) if (!this.#takes(key.length) || !this.fits((value as Variables)[key])) return false;
        return true;
      }
      default:
        return true;
    }
  }

  #takes(characters: number): boolean {
    return (this.#characters += characters) <= MAX_CHARACTERS;
  }
}
