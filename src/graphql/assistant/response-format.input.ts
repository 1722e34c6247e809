/** Input types of the response format. */
import { Field, InputType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { ID_FORMAT } from '../schema/ids.ts';
import { createEnum, NullableField } from '../schema/decorators.ts';

const SimpleResponseFormatType = createEnum('SimpleResponseFormatType', 'The kinds of format that have no options.', {
  auto: 'The model chooses.',
  text: 'Plain text.',
  json_object: 'Any JSON object. The instructions have to request JSON as well.',
});
type SimpleResponseFormatType = (typeof SimpleResponseFormatType)[keyof typeof SimpleResponseFormatType];

@InputType({ description: 'A JSON Schema that the output matches.' })
class JsonSchemaFormatInput {
  @Field(() => String, { description: `The name of the format: ${ID_FORMAT}.` })
  declare readonly name: string;

  @NullableField(() => String, 'What the format is for. The model reads it.')
  declare readonly description?: string | null;

  @NullableField(() => JSONObject, 'The JSON Schema.')
  declare readonly schema?: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the output must match the schema exactly. Left out, upstream chooses.')
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set.' })
export class ResponseFormatInput {
  @NullableField(() => SimpleResponseFormatType, 'A format without options.')
  declare readonly type?: SimpleResponseFormatType;

  @NullableField(() => JsonSchemaFormatInput, 'JSON that matches a schema.')
  declare readonly jsonSchema?: JsonSchemaFormatInput;
}
