/** The approximate length of a number, a boolean or null as JSON. */
export const SHORT_VALUE_LENGTH = 8;

/** The approximate length of a list or an object as JSON, in characters. Stops counting above `limit`. */
export function jsonLength(value: object, limit = Infinity): number {
  let length = SHORT_VALUE_LENGTH;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (length > limit) return length;
      length += SHORT_VALUE_LENGTH + lengthBeyondShort(item, limit - length);
    }
    return length;
  }
  for (const key in value) {
    if (length > limit) return length;
    const item = (value as Readonly<Record<string, unknown>>)[key];
    length += key.length + SHORT_VALUE_LENGTH + lengthBeyondShort(item, limit - length);
  }
  return length;
}

function lengthBeyondShort(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? jsonLength(value, limit) : 0;
}
