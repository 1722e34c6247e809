/** The format of an assistant's answers, as it is written. */
import { Field, InputType, registerEnumType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { IDENTIFIER_FORMAT } from '../schema/input-validator.ts';

export const SimpleResponseFormatType = { AUTO: 'auto', TEXT: 'text', JSON_OBJECT: 'json_object' } as const;
export type SimpleResponseFormatType = (typeof SimpleResponseFormatType)[keyof typeof SimpleResponseFormatType];

registerEnumType(SimpleResponseFormatType, {
  name: 'SimpleResponseFormatType',
  description: 'The kinds of format that need nothing but their name.',
  valuesConfig: {
    AUTO: { description: 'The model chooses.' },
    TEXT: { description: 'Plain text.' },
    JSON_OBJECT: { description: 'Some JSON object; the instructions have to ask for JSON as well.' },
  },
});

@InputType({ description: 'A JSON Schema that answers must fit.' })
export class JsonSchemaFormatInput {
  @Field(() => String, { description: `The name of the format: ${IDENTIFIER_FORMAT}.` })
  declare readonly name: string;

  @Field(() => String, { nullable: true, description: 'What the format is for, for the model.' })
  declare readonly description?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'The JSON Schema.' })
  declare readonly schema?: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the model must keep to the schema exactly. Left out, upstream chooses.',
  })
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set.' })
export class ResponseFormatInput {
  @Field(() => SimpleResponseFormatType, { nullable: true, description: 'A format that needs nothing but its name.' })
  declare readonly type?: SimpleResponseFormatType;

  @Field(() => JsonSchemaFormatInput, { nullable: true, description: 'JSON that fits a schema.' })
  declare readonly jsonSchema?: JsonSchemaFormatInput;
}
