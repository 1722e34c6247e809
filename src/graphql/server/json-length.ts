/** JSON of a number, a boolean or null is about as long as this. */
const SHORT = 8;

/** About how many characters of JSON a list or an object comes to; any number above `limit` where it is more than that. */
export function jsonLength(value: object, limit = Infinity): number {
  let length = SHORT;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (length > limit) return length;
      length += SHORT + lengthBeyondShort(item, limit - length);
    }
    return length;
  }
  for (const key in value) {
    if (length > limit) return length;
    const item = (value as Readonly<Record<string, unknown>>)[key];
    length += key.length + SHORT + lengthBeyondShort(item, limit - length);
  }
  return length;
}

function lengthBeyondShort(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? jsonLength(value, limit) : 0;
}
