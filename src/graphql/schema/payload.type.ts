/** The payloads of mutations: what was written, and the errors that the client can fix. */
import { Field, ID } from 'type-graphql';
import { NullableField, SimpleObjectType } from './decorators.ts';
import { UserError } from './user-error.ts';

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
