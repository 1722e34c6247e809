/** Selects the fields of a request body. Values are passed by reference: the keys of JSON objects are never assigned. */

type Fields = Readonly<Record<string, unknown>>;
type WithoutEmpty<T> = { [Name in keyof T]?: NonNullable<T[Name]> };
type WithoutUndefined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** For creates and nested values, where null is the same as an omitted field. */
export const withoutEmpty = <T extends object>(fields: T): WithoutEmpty<T> =>
  pick(fields as Fields, (value) => value !== undefined && value !== null);

/** For modifies, where null clears. */
export const withoutUndefined = <T extends object>(fields: T): WithoutUndefined<T> =>
  pick(fields as Fields, (value) => value !== undefined);

function pick(fields: Fields, isWanted: (value: unknown) => boolean): object {
  const picked: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (isWanted(value)) picked[name] = value;
  }
  return picked;
}

/** Undefined for an object without fields. */
export const unlessEmpty = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;
