/**
 * The checks of mutation inputs. Each adds user errors to one list.
 *
 * A check ignores null and undefined unless it says otherwise. Messages name the field and the limit. They never contain a
 * value of the client or a key of metadata.
 */
import { isUpstreamId, type WireMetadata } from '../../aiml/wire.ts';
import { isLongerThan } from '../../runtime/code-points.ts';
import { ID_FORMAT } from './ids.ts';
import { UserError, type UserErrorCode } from './payload.type.ts';

/**
 * The limits of inputs, as in OpenAI's Assistants API v2, which the AIML API follows. Lengths are in Unicode code points.
 */
export const limits = {
  nameLength: 256,
  descriptionLength: 512,
  instructionsLength: 256_000,
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  temperature: { min: 0, max: 2 },
  topP: { min: 0, max: 1 },

  assistantTools: 128,
  codeInterpreterFiles: 20,
  vectorStores: 1,
  vectorStoreFiles: 10_000,
  maxNumResults: { min: 1, max: 50 },
  scoreThreshold: { min: 0, max: 1 },
  maxChunkSizeTokens: { min: 100, max: 4096 },

  /** The sum of all text parts of a message. */
  messageLength: 256_000,
  /** Messages that are created together with a thread or a run. */
  messages: 32,
  contentParts: 100,
  attachments: 100,

  runTools: 20,
  toolOutputs: 128,
  tokens: { min: 256, max: 2 ** 31 - 1 },
  lastMessages: { min: 1, max: 2 ** 31 - 1 },
  waitSeconds: { min: 0, max: 25 },
} as const;

type Maybe<T> = T | null | undefined;
/** The name of a field whose value has the type. */
type NameOf<T, Name extends keyof T, Value> = Name & (T[Name] extends Maybe<Value> ? unknown : never);
type Entry<List> = List extends readonly (infer Item)[] ? Item : never;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** The validation of a mutation's input. It returns all user errors at once; none if the input can be sent. */
export const createValidation =
  <Input extends object>(check: (input: InputValidator<Input>) => void) =>
  (input: Input): readonly UserError[] => {
    const errors: UserError[] = [];
    check(new InputValidator(input, ['input'], errors));
    return errors;
  };

/** Checks the fields of one object of an input. */
export class InputValidator<T extends object> {
  /** Bounds the size of the response. Further errors are dropped. */
  static readonly MAX_ERRORS = 100;

  readonly value: T;
  readonly #path: readonly string[];
  readonly #errors: UserError[];

  /** `path` leads from the arguments to the object. */
  constructor(value: T, path: readonly string[], errors: UserError[]) {
    this.value = value;
    this.#path = path;
    this.#errors = errors;
  }

  /** `index`: of an entry of the field's list. */
  add(code: UserErrorCode, field: keyof T & string, message: string, index?: number): void {
    const path = [...this.#path, field, ...(index === undefined ? [] : [String(index)])];
    if (this.#errors.length < InputValidator.MAX_ERRORS) this.#errors.push(new UserError(code, path, message));
  }

  /** The checks of an object. Undefined if it is not given. */
  object<Name extends keyof T & string>(field: Name): InputValidator<NonNullable<T[Name]> & object> | undefined {
    const value = this.value[field];
    if (typeof value !== 'object' || value === null) return undefined;
    return new InputValidator(value, [...this.#path, field], this.#errors);
  }

  /** The checks of the entries of a list. None if it has too many, which is an error. */
  entries<Name extends keyof T & string>(
    field: Name,
    limit: number,
  ): readonly InputValidator<Entry<T[Name]> & object>[] {
    const list = this.#list(field, limit) as readonly (Entry<T[Name]> & object)[];
    return list.map((entry, index) => new InputValidator(entry, [...this.#path, field, String(index)], this.#errors));
  }

  requireId<Name extends keyof T & string>(...fields: NameOf<T, Name, string>[]): void {
    for (const field of fields)
      if (!isIdentifier(this.value[field])) this.add('INVALID', field, `"${field}" is not a valid id: ${ID_FORMAT}.`);
  }

  /** Null is blank as well. Only undefined is ignored. */
  notBlank<Name extends keyof T & string>(field: NameOf<T, Name, string>): void {
    const value: unknown = this.value[field];
    if (value !== undefined && (typeof value !== 'string' || value.trim() === ''))
      this.add('BLANK', field, `"${field}" must not be blank.`);
  }

  notEmpty<Name extends keyof T & string>(field: NameOf<T, Name, readonly unknown[]>): void {
    const value: unknown = this.value[field];
    if (Array.isArray(value) && value.length === 0) this.add('BLANK', field, `"${field}" must not be empty.`);
  }

  /** `limit` is in Unicode code points. */
  length(field: keyof T & string, limit: number, text: unknown = this.value[field]): void {
    if (typeof text === 'string' && isLongerThan(text, limit))
      this.add('TOO_LONG', field, `"${field}" takes at most ${limit} characters.`);
  }

  /** Ids of files and vector stores. Upstream defines their format; here they must not be blank. */
  requireExternalIds<Name extends keyof T & string>(field: NameOf<T, Name, readonly string[]>, limit: number): void {
    for (const [index, id] of this.#list(field, limit).entries())
      if (typeof id === 'string' && id.trim() === '') this.add('BLANK', field, `An id in "${field}" is blank.`, index);
  }

  /** NaN and infinite numbers are out of every range. */
  range<Name extends keyof T & string>(field: NameOf<T, Name, number>, { min, max }: Range): void {
    const value: unknown = this.value[field];
    if (typeof value === 'number' && !(value >= min && value <= max))
      this.add('OUT_OF_RANGE', field, `"${field}" must be from ${min} to ${max}.`);
  }

  /** Idempotency keys, and names of functions and of JSON Schemas, have the format of ids. */
  identifier<Name extends keyof T & string>(field: NameOf<T, Name, string>): void {
    const value: unknown = this.value[field];
    if (value !== undefined && value !== null && !isIdentifier(value))
      this.add('INVALID', field, `"${field}" must be ${ID_FORMAT}.`);
  }

  /** For Boolean fields of oneOf types, which select an option by being set. */
  requireTrue<Name extends keyof T & string>(...fields: NameOf<T, Name, boolean>[]): void {
    for (const field of fields)
      if (this.value[field] === false) this.add('INVALID', field, `"${field}" can only be set to true.`);
  }

  metadata<Name extends keyof T & string>(field: NameOf<T, Name, WireMetadata>): void {
    const pairs = Object.entries((this.value[field] as Maybe<WireMetadata>) ?? {});
    if (pairs.length > limits.metadataPairs) {
      this.add('TOO_MANY', field, `"${field}" takes at most ${limits.metadataPairs} pairs.`);
      return;
    }
    const check = (text: string, limit: number, part: string): void => {
      if (isLongerThan(text, limit))
        this.add('TOO_LONG', field, `The ${part} of "${field}" takes at most ${limit} characters.`);
    };
    for (const [index, [key, value]] of pairs.entries()) {
      check(key, limits.metadataKeyLength, `key of pair ${index + 1}`);
      check(value, limits.metadataValueLength, `value of pair ${index + 1}`);
    }
  }

  /** Empty if the list is not given, or exceeds its limit. */
  #list(field: keyof T & string, limit: number): readonly unknown[] {
    const list: unknown = this.value[field];
    if (!Array.isArray(list)) return [];
    if (list.length <= limit) return list;
    this.add('TOO_MANY', field, `"${field}" takes at most ${limit} ${limit === 1 ? 'entry' : 'entries'}.`);
    return [];
  }
}

const isIdentifier = (value: unknown): boolean => typeof value === 'string' && isUpstreamId(value);
