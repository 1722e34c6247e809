/** Object types of the response format. */
import { Field } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';

const ResponseFormatType = createEnum('ResponseFormatType', "The kinds of format of a model's output.", {
  auto: 'The model chooses.',
  text: 'Plain text.',
  json_object: 'Any JSON object. The instructions have to request JSON as well.',
  json_schema: 'JSON that matches the schema in `jsonSchema`.',
  unknown: 'A format that this schema does not have.',
});
type ResponseFormatType = (typeof ResponseFormatType)[keyof typeof ResponseFormatType];

@SimpleObjectType('A JSON Schema that the output matches.')
export class JsonSchemaFormat {
  @Field(() => String, { description: 'The name of the format.' })
  readonly name: string;

  @NullableField(() => String, 'What the format is for. The model reads it. Null if there is none.')
  readonly description: string | null;

  @NullableField(() => JSONObject, 'The JSON Schema. Null if upstream has none.')
  readonly schema: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the output must match the schema exactly. Null if upstream chooses.')
  readonly strict: boolean | null;

  constructor(name: string, description: string | null, schema: JsonObject | null, strict: boolean | null) {
    this.name = name;
    this.description = description;
    this.schema = schema;
    this.strict = strict;
  }
}

@SimpleObjectType("The format of a model's output.")
export class ResponseFormat {
  @Field(() => ResponseFormatType, { description: 'The kind of format.' })
  readonly type: ResponseFormatType;

  @NullableField(() => JsonSchemaFormat, 'Set if `type` is `JSON_SCHEMA`, null otherwise.')
  readonly jsonSchema: JsonSchemaFormat | null;

  constructor(type: ResponseFormatType, jsonSchema: JsonSchemaFormat | null) {
    this.type = type;
    this.jsonSchema = jsonSchema;
  }
}
