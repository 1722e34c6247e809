/** JSON of a number, a boolean or null is about as long as this. */
const SHORT = 8;

/** About how many characters of JSON a list or an object comes to; any number above `limit` where it is more than that. */
export function jsonLength(value: object, limit = Infinity): number {
  let length = SHORT;
  for (const key in value) {
    if (length > limit) return length;
    const item = (value as Readonly<Record<string, unknown>>)[key];
    length += key.length + SHORT;
    if (typeof item === 'string') length += item.length;
    else if (typeof item === 'object' && item !== null) length += jsonLength(item, limit - length);
  }
  return length;
}
