/**
 * Primitives for reading responses of the AIML API.
 *
 * Three versions of the API differ, so reading is tolerant: an absent optional field is null, and lists are objects with or
 * without `has_more`, or bare arrays. Anything that no version documents is a {@link MalformedResponseError}. Names remain
 * in the API's snake_case.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type WireMetadata = Readonly<Record<string, string>>;

/**
 * The response does not match any version of the API. The message names the field and never contains its value.
 */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
  constructor(name: string, expected: string) {
    super(`${name} is not ${expected}`);
  }
}

export type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Far more than a JSON Schema has, and far less than the depth at which the recursive JSON.stringify overflows. */
const MAX_JSON_LEVELS = 500;

/** The format of ids and cursors of the AIML API. Ids are validated before they become part of a path. */
export const isUpstreamId = (value: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(value);

/** The last second that an ISO 8601 instant with a four-digit year can hold. */
const LAST_SECOND = 253_402_300_799;

/** Reads the id that every object has; never empty. */
export function requireId(fields: Fields): string {
  const id = requireString(fields, 'id');
  if (id === '') throw new MalformedResponseError('id', 'an id');
  return id;
}

/** Unix time in seconds, from 0 to the end of the year 9999. */
export function requireTime(fields: Fields, name: string): number {
  const time = optionalTime(fields, name);
  if (time === null) throw new MalformedResponseError(name, 'a time in Unix seconds');
  return time;
}

/** As {@link requireTime}, but null if it is absent. */
export function optionalTime(fields: Fields, name: string): number | null {
  const time = optionalNumber(fields, name);
  if (time !== null && !(time >= 0 && time <= LAST_SECOND))
    throw new MalformedResponseError(name, 'a time in Unix seconds');
  return time;
}

export function readMetadata(fields: Fields): WireMetadata {
  const metadata = optionalObject(fields, 'metadata');
  if (!metadata) return {};
  for (const key of Object.keys(metadata))
    if (typeof metadata[key] !== 'string') throw new MalformedResponseError('metadata', 'an object of strings');
  return metadata as WireMetadata;
}

/** One page of a list. */
export interface WireList<T> {
  readonly data: readonly T[];
  /** Whether more items follow. Null if this version of the API does not report it. */
  readonly hasMore: boolean | null;
}

/** Reads a list in any of its forms. Throws {@link MalformedResponseError}. */
export function readList<T>(value: unknown, readItem: (item: unknown) => T): WireList<T> {
  const fields = Array.isArray(value) ? { data: value as unknown[] } : requireObject(value, 'list');
  const data: unknown = fields['data'];
  if (!Array.isArray(data)) throw new MalformedResponseError('data', 'a list');
  return { data: data.map((item: unknown) => readItem(item)), hasMore: optionalBoolean(fields, 'has_more') };
}

/** Reads an optional list. Empty if it is absent or null. */
export function readItems<T>(fields: Fields, name: string, readItem: (item: unknown) => T): readonly T[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedResponseError(name, 'a list');
  return value.map((item: unknown) => readItem(item));
}

/**
 * Reads the response to a delete of `id`: whether upstream deleted it. Throws {@link MalformedResponseError}, also if the
 * response is about another object.
 */
export function readDeletion(value: unknown, id: string): boolean {
  const fields = requireObject(value, 'deletion');
  if ((fields['id'] ?? id) !== id) throw new MalformedResponseError('id', 'the requested id');
  if (typeof fields['deleted'] !== 'boolean') throw new MalformedResponseError('deleted', 'true or false');
  return fields['deleted'];
}

export function requireObject(value: unknown, name: string): Fields {
  if (!isObject(value)) throw new MalformedResponseError(name, 'an object');
  return value;
}

export function optionalObject(fields: Fields, name: string): Fields | null {
  const value = fields[name];
  return value === undefined || value === null ? null : requireObject(value, name);
}

export function optionalJsonObject(fields: Fields, name: string): JsonObject | null {
  const value = optionalObject(fields, name);
  return value && jsonObject(value, name);
}

/** A result of JSON.parse is JSON, but it must not be too deep for JSON.stringify. */
export function jsonObject(value: Fields, name: string): JsonObject {
  if (isDeeper(value, MAX_JSON_LEVELS))
    throw new MalformedResponseError(name, `an object of ${MAX_JSON_LEVELS} levels`);
  return value as JsonObject;
}

/** A value of a type that this client does not support. `raw` is unchanged and includes `type`. */
export interface WireUnknown {
  readonly type: 'unknown';
  readonly raw: JsonObject & { readonly type: string };
}

/** The `type` must have been read before. */
export const readUnknown = (fields: Fields, name: string): WireUnknown => ({
  type: 'unknown',
  raw: jsonObject(fields, name) as WireUnknown['raw'],
});

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1));
  for (const name in value) if (isDeeper((value as Fields)[name], levels - 1)) return true;
  return false;
}

export function requireString(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new MalformedResponseError(name, 'a string');
  return value;
}

export function optionalString(fields: Fields, name: string): string | null {
  const value = fields[name];
  return value === undefined || value === null ? null : requireString(fields, name);
}

export function optionalNumber(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new MalformedResponseError(name, 'a number');
  return value;
}

/** An integer within the range of GraphQL's Int. */
export function optionalInteger(fields: Fields, name: string): number | null {
  const value = optionalNumber(fields, name);
  if (value !== null && (value | 0) !== value) throw new MalformedResponseError(name, 'an integer of 32 bits');
  return value;
}

const MAX_INTEGER = 2 ** 31 - 1;

/** An integer that is a maximum. One beyond the range of GraphQL's Int is read as the largest of that range: neither limits anything. */
export function optionalLimit(fields: Fields, name: string): number | null {
  const value = optionalNumber(fields, name);
  return Number.isInteger(value) && Number(value) > MAX_INTEGER ? MAX_INTEGER : optionalInteger(fields, name);
}

export function optionalBoolean(fields: Fields, name: string): boolean | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'boolean') throw new MalformedResponseError(name, 'true or false');
  return value;
}

export function strings(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new MalformedResponseError(name, 'a list of strings');
  return value;
}
