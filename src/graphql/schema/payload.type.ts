/** The payloads of mutations: what was written, and the errors that the client can fix. */
import { Field, ID } from 'type-graphql';
import { createEnum, NullableField, SimpleObjectType } from './decorators.ts';

export const UserErrorCode = createEnum('UserErrorCode', 'What is wrong with a value of the input.', {
  BLANK: 'The value is empty, or null if it must not be.',
  TOO_LONG: 'The text has too many characters, counted in Unicode code points.',
  TOO_MANY: 'The list or map has too many entries.',
  OUT_OF_RANGE: 'The number is not finite, too small or too large.',
  INVALID: 'The value does not have the required form, or conflicts with another value.',
  NOT_FOUND: 'Upstream has nothing with this id.',
  REJECTED_BY_UPSTREAM:
    'The AIML API rejected the input (400 or 422). The message contains its reason, if it gave one.',
  THREAD_BUSY: 'The thread has a run in progress: wait for it, submit its tool outputs, or cancel it.',
  WRONG_STATE: 'The run is not in a state that allows this, for example it has ended.',
});
export type UserErrorCode = keyof typeof UserErrorCode;

@SimpleObjectType(
  'An error that the client can fix: a bad value, or an id that does not exist. Every other error is a top-level error.',
)
export class UserError {
  @Field(() => String, { description: 'What is wrong, in one sentence for humans. It never quotes the input.' })
  readonly message: string;

  @NullableField(
    () => [String],
    'The path from the argument to the invalid value, with list indexes as strings: ' +
      '`["input", "tools", "0", "function", "name"]`. Null if no single value is invalid.',
  )
  readonly field: readonly string[] | null;

  @Field(() => UserErrorCode, { description: 'What is wrong, for programs.' })
  readonly code: UserErrorCode;

  constructor(code: UserErrorCode, field: readonly string[] | null, message: string) {
    this.code = code;
    this.field = field;
    this.message = message;
  }
}

/** The base class of all payloads. It is not a type of the schema. */
@SimpleObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'Errors that the client can fix. Empty if the mutation was applied.' })
  readonly userErrors: readonly UserError[];

  protected constructor(userErrors: readonly UserError[]) {
    this.userErrors = userErrors;
  }
}

type PayloadBase<Name extends string, Written> = abstract new (
  written: Written | null,
  userErrors?: readonly UserError[],
) => Payload & Readonly<Record<Name, Written | null>>;

/** The base class of the payloads of an object. Its subclasses are the object types. `name` is that of the field. */
export const createPayloadType = <Name extends string, Written>(
  name: Name,
  type: () => abstract new (...parameters: never) => Written,
): PayloadBase<Name, Written> => createBase(name, type, `The ${name} as it is after the mutation.`);

/** The base class of the payload of a delete, with the id of the deleted object. `noun` names the object. */
export const createDeletePayloadType = <Name extends string>(name: Name, noun: string): PayloadBase<Name, string> =>
  createBase(name, () => ID, `The id of the deleted ${noun}.`);

function createBase<Name extends string, Written>(
  name: Name,
  type: Parameters<typeof NullableField>[0],
  description: string,
): PayloadBase<Name, Written> {
  @SimpleObjectType()
  abstract class PayloadType extends Payload {
    constructor(written: Written | null, userErrors: readonly UserError[] = []) {
      super(userErrors);
      Object.assign(this, { [name]: written });
    }
  }
  NullableField(type, `${description} Null if there are user errors.`)(PayloadType.prototype, name);
  return PayloadType as PayloadBase<Name, Written>;
}
