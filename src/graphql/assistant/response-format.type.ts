/** Object types of the response format. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';

const ResponseFormatType = {
  AUTO: 'auto',
  TEXT: 'text',
  JSON_OBJECT: 'json_object',
  JSON_SCHEMA: 'json_schema',
  UNKNOWN: 'unknown',
} as const;
type ResponseFormatType = (typeof ResponseFormatType)[keyof typeof ResponseFormatType];

registerEnumType(ResponseFormatType, {
  name: 'ResponseFormatType',
  description: "The kinds of format of a model's output.",
  valuesConfig: {
    AUTO: { description: 'The model chooses.' },
    TEXT: { description: 'Plain text.' },
    JSON_OBJECT: { description: 'Any JSON object. The instructions have to request JSON as well.' },
    JSON_SCHEMA: { description: 'JSON that matches the schema in `jsonSchema`.' },
    UNKNOWN: { description: 'A format that this schema does not have.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A JSON Schema that the output matches.' })
export class JsonSchemaFormat {
  @Field(() => String, { description: 'The name of the format.' })
  readonly name: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the format is for. The model reads it. Null if there is none.',
  })
  readonly description: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'The JSON Schema. Null if upstream has none.' })
  readonly schema: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the output must match the schema exactly. Null if upstream chooses.',
  })
  readonly strict: boolean | null;

  constructor(name: string, description: string | null, schema: JsonObject | null, strict: boolean | null) {
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.strict = strict;
  }
}

@ObjectType({ simpleResolvers: true, description: "The format of a model's output." })
export class ResponseFormat {
  @Field(() => ResponseFormatType, { description: 'The kind of format.' })
  readonly type: ResponseFormatType;

  @Field(() => JsonSchemaFormat, { nullable: true, description: 'Set if `type` is `JSON_SCHEMA`, null otherwise.' })
  readonly jsonSchema: JsonSchemaFormat | null;

  constructor(type: ResponseFormatType, jsonSchema: JsonSchemaFormat | null) {
    this.type = type;
    this.jsonSchema = jsonSchema;
  }
}
