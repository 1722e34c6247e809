/**
 * The checks of mutation inputs. Each adds user errors to one list.
 *
 * A check ignores null and undefined unless it says otherwise. Messages name the field, which is the end of the path, and
 * the limit. They never contain a value of the client or a key of metadata.
 */
import { isUpstreamId, type WireMetadata } from '../../aiml/wire.ts';
import { ID_FORMAT } from './ids.ts';
import { inputLimits as limits } from './input-limits.ts';
import { UserError, type UserErrorCode } from './user-error.ts';

export type FieldPath = readonly string[];
type Maybe<T> = T | null | undefined;
interface Range {
  readonly min: number;
  readonly max: number;
}

/** The validation of a mutation's input. It returns all user errors at once; none if the input can be sent. */
export const createValidation =
  <Input>(check: (validator: InputValidator, input: Input) => void) =>
  (input: Input): readonly UserError[] => {
    const validator = new InputValidator();
    check(validator, input);
    return validator.errors;
  };

export class InputValidator {
  /** Bounds the size of the response. Further errors are dropped. */
  static readonly MAX_ERRORS = 100;

  readonly errors: UserError[] = [];

  add(code: UserErrorCode, path: FieldPath, message: string): void {
    if (this.errors.length < InputValidator.MAX_ERRORS) this.errors.push(new UserError(code, path, message));
  }

  requireId(path: FieldPath, value: string): void {
    if (!isUpstreamId(value)) this.add('INVALID', path, `"${nameOf(path)}" is not a valid id: ${ID_FORMAT}.`);
  }

  /** Null is blank as well. Only undefined is ignored. */
  notBlank(path: FieldPath, value: string | null | undefined): void {
    if (value !== undefined && (value === null || value.trim() === ''))
      this.add('BLANK', path, `"${nameOf(path)}" must not be blank.`);
  }

  /** `limit` is in Unicode code points. */
  length(path: FieldPath, value: Maybe<string>, limit: number): void {
    if (isGiven(value) && isLonger(value, limit))
      this.add('TOO_LONG', path, `"${nameOf(path)}" takes at most ${limit} characters.`);
  }

  /** Returns whether the list is given and within its limit, so that its entries can be checked. */
  count<T>(path: FieldPath, list: Maybe<readonly T[]>, limit: number): list is readonly T[] {
    if (!isGiven(list)) return false;
    if (list.length <= limit) return true;
    this.add('TOO_MANY', path, `"${nameOf(path)}" takes at most ${limit} ${limit === 1 ? 'entry' : 'entries'}.`);
    return false;
  }

  /** Ids of files and vector stores. Upstream defines their format; here they must not be blank. */
  requireExternalIds(path: FieldPath, ids: Maybe<readonly string[]>, limit: number): void {
    if (!this.count(path, ids, limit)) return;
    for (const [index, id] of ids.entries())
      if (id.trim() === '') this.add('BLANK', [...path, String(index)], `An id in "${nameOf(path)}" is blank.`);
  }

  /** NaN and infinite numbers are out of every range. */
  range(path: FieldPath, value: Maybe<number>, { min, max }: Range): void {
    if (isGiven(value) && !(value >= min && value <= max))
      this.add('OUT_OF_RANGE', path, `"${nameOf(path)}" must be from ${min} to ${max}.`);
  }

  /** Names of functions and of JSON Schemas have the format of ids. */
  identifier(path: FieldPath, value: string): void {
    if (!isUpstreamId(value)) this.add('INVALID', path, `"${nameOf(path)}" must be ${ID_FORMAT}.`);
  }

  idempotencyKey(path: FieldPath, key: Maybe<string>): void {
    if (isGiven(key)) this.identifier(path, key);
  }

  /** For Boolean fields of oneOf types, which select an option by being set. */
  requireTrue(path: FieldPath, value: boolean | undefined): void {
    if (value === false) this.add('INVALID', path, `"${nameOf(path)}" can only be set to true.`);
  }

  metadata(path: FieldPath, metadata: Maybe<WireMetadata>): void {
    if (!isGiven(metadata)) return;
    if (Object.keys(metadata).length > limits.metadataPairs) {
      this.add('TOO_MANY', path, `"${nameOf(path)}" takes at most ${limits.metadataPairs} pairs.`);
      return;
    }
    for (const [index, [key, value]] of Object.entries(metadata).entries()) {
      if (isLonger(key, limits.metadataKeyLength)) this.pairTooLong(path, 'key', index, limits.metadataKeyLength);
      if (isLonger(value, limits.metadataValueLength))
        this.pairTooLong(path, 'value', index, limits.metadataValueLength);
    }
  }

  private pairTooLong(path: FieldPath, part: 'key' | 'value', index: number, limit: number): void {
    const message = `The ${part} of pair ${index + 1} of "${nameOf(path)}" takes at most ${limit} characters.`;
    this.add('TOO_LONG', path, message);
  }
}

const isGiven = <T>(value: Maybe<T>): value is T => value !== null && value !== undefined;

const nameOf = (path: FieldPath): string => path.at(-1) ?? '';

/** Whether a text has more than `limit` code points. A code point is one or two UTF-16 code units. */
function isLonger(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  if (text.length > 2 * limit) return true;
  let count = 0;
  for (let index = 0; index < text.length && count <= limit; count += 1)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return count > limit;
}
