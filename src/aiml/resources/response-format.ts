/** The response format of assistants and runs on the wire. */
import {
  optionalBoolean,
  optionalJsonObject,
  optionalObject,
  optionalString,
  requireObject,
  requireString,
  type Fields,
  type JsonObject,
} from '../wire.ts';

export type WireResponseFormatBody =
  | 'auto'
  | { readonly type: 'text' | 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema?: JsonObject;
        readonly strict?: boolean;
      };
    };

export type WireResponseFormat = Readonly<NonNullable<ReturnType<typeof readResponseFormat>>>;

export function readResponseFormat(fields: Fields) {
  const value = fields['response_format'];
  if (value === undefined || value === null) return null;
  const format = typeof value === 'string' ? { type: value } : requireObject(value, 'response_format');
  const type = requireString(format, 'type');
  switch (type) {
    case 'auto':
    case 'text':
    case 'json_object':
      return { type };
    case 'json_schema': {
      const definition = optionalObject(format, 'json_schema');
      return { type, json_schema: definition && readJsonSchema(definition) };
    }
    default:
      return { type: 'unknown' as const };
  }
}

export type WireJsonSchema = Readonly<ReturnType<typeof readJsonSchema>>;

const readJsonSchema = (definition: Fields) => ({
  name: requireString(definition, 'name'),
  description: optionalString(definition, 'description'),
  schema: optionalJsonObject(definition, 'schema'),
  strict: optionalBoolean(definition, 'strict'),
});
