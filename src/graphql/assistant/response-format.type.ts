/** The format of an assistant's answers, as it is read. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';

export const ResponseFormatType = {
  AUTO: 'auto',
  TEXT: 'text',
  JSON_OBJECT: 'json_object',
  JSON_SCHEMA: 'json_schema',
  UNKNOWN: 'unknown',
} as const;
export type ResponseFormatType = (typeof ResponseFormatType)[keyof typeof ResponseFormatType];

registerEnumType(ResponseFormatType, {
  name: 'ResponseFormatType',
  description: 'The kinds of format that answers can have.',
  valuesConfig: {
    AUTO: { description: 'The model chooses.' },
    TEXT: { description: 'Plain text.' },
    JSON_OBJECT: { description: 'Some JSON object; the instructions have to ask for JSON as well.' },
    JSON_SCHEMA: { description: 'JSON that fits the schema in `jsonSchema`.' },
    UNKNOWN: { description: 'A format that this schema does not know yet.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A JSON Schema that answers fit.' })
export class JsonSchemaFormat {
  @Field(() => String, { description: 'The name of the format.' })
  readonly name: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the format is for, for the model. Null where there is none.',
  })
  readonly description: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'The JSON Schema. Null where upstream holds none.' })
  readonly schema: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the model must keep to the schema exactly. Null where upstream chooses.',
  })
  readonly strict: boolean | null;

  constructor(name: string, description: string | null, schema: JsonObject | null, strict: boolean | null) {
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.strict = strict;
  }
}

@ObjectType({ simpleResolvers: true, description: "The format of an assistant's answers." })
export class ResponseFormat {
  @Field(() => ResponseFormatType, { description: 'The kind of format.' })
  readonly type: ResponseFormatType;

  @Field(() => JsonSchemaFormat, { nullable: true, description: 'Set where `type` is `JSON_SCHEMA`, null otherwise.' })
  readonly jsonSchema: JsonSchemaFormat | null;

  constructor(type: ResponseFormatType, jsonSchema: JsonSchemaFormat | null) {
    this.type = type;
    this.jsonSchema = jsonSchema;
  }
}
