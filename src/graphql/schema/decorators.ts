/** Decorators and enums of type-graphql, with what all types of this schema have in common. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { ID_FORMAT } from './ids.ts';

type TypeFunction = Parameters<typeof Field>[0];

/** A field that may be null. In an input it may also be left out. */
export const NullableField = (type: TypeFunction, description: string): PropertyDecorator & MethodDecorator =>
  Field(type, { nullable: true, description });

/**
 * An object type whose fields are properties of its class: no middleware runs for them. Abstract base classes have no
 * description, as they are not types of the schema.
 */
export const SimpleObjectType = (
  description?: string,
  interfaceType?: { readonly prototype: object },
): ClassDecorator =>
  ObjectType({
    simpleResolvers: true,
    ...(description !== undefined && { description }),
    ...(interfaceType && { implements: interfaceType as new () => object }),
  });

/** The key of a create. `effect` is what the mutation does when it is sent again. */
export const IdempotencyKeyField = (effect: string): PropertyDecorator & MethodDecorator =>
  NullableField(
    () => String,
    `Sent again with the same key within 24 hours, the mutation returns ${effect}: ${ID_FORMAT}.`,
  );

type EnumOf<Descriptions> = { readonly [Value in keyof Descriptions & string as Uppercase<Value>]: Value };

/**
 * Registers an enum. `descriptions` has the values of the wire as keys; the names in the schema are the same in upper case.
 */
export function createEnum<Descriptions extends Readonly<Record<string, string>>>(
  name: string,
  description: string,
  descriptions: Descriptions,
): EnumOf<Descriptions> {
  const entries = Object.entries(descriptions).map(([value, text]) => ({ key: value.toUpperCase(), value, text }));
  const values = Object.fromEntries(entries.map(({ key, value }) => [key, value])) as EnumOf<Descriptions>;
  registerEnumType<object>(values, {
    name,
    description,
    valuesConfig: Object.fromEntries(entries.map(({ key, text }) => [key, { description: text }])),
  });
  return values;
}
