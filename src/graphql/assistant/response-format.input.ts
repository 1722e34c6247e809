/** Input types of the response format. */
import { Field, InputType, registerEnumType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { ID_FORMAT } from '../schema/ids.ts';

const SimpleResponseFormatType = { AUTO: 'auto', TEXT: 'text', JSON_OBJECT: 'json_object' } as const;
type SimpleResponseFormatType = (typeof SimpleResponseFormatType)[keyof typeof SimpleResponseFormatType];

registerEnumType(SimpleResponseFormatType, {
  name: 'SimpleResponseFormatType',
  description: 'The kinds of format that have no options.',
  valuesConfig: {
    AUTO: { description: 'The model chooses.' },
    TEXT: { description: 'Plain text.' },
    JSON_OBJECT: { description: 'Any JSON object. The instructions have to request JSON as well.' },
  },
});

@InputType({ description: 'A JSON Schema that the output matches.' })
class JsonSchemaFormatInput {
  @Field(() => String, { description: `The name of the format: ${ID_FORMAT}.` })
  declare readonly name: string;

  @Field(() => String, { nullable: true, description: 'What the format is for. The model reads it.' })
  declare readonly description?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'The JSON Schema.' })
  declare readonly schema?: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the output must match the schema exactly. Left out, upstream chooses.',
  })
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set.' })
export class ResponseFormatInput {
  @Field(() => SimpleResponseFormatType, { nullable: true, description: 'A format without options.' })
  declare readonly type?: SimpleResponseFormatType;

  @Field(() => JsonSchemaFormatInput, { nullable: true, description: 'JSON that matches a schema.' })
  declare readonly jsonSchema?: JsonSchemaFormatInput;
}
