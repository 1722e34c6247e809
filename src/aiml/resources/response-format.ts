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

export interface WireJsonSchema {
  readonly name: string;
  readonly description: string | null;
  readonly schema: JsonObject | null;
  readonly strict: boolean | null;
}
export type WireResponseFormat =
  | { readonly type: 'auto' | 'text' | 'json_object' | 'unknown' }
  | { readonly type: 'json_schema'; readonly json_schema: WireJsonSchema | null };

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

export function readResponseFormat(fields: Fields): WireResponseFormat | null {
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
      return {
        type,
        json_schema: definition && {
          name: requireString(definition, 'name'),
          description: optionalString(definition, 'description'),
          schema: optionalJsonObject(definition, 'schema'),
          strict: optionalBoolean(definition, 'strict'),
        },
      };
    }
    default:
      return { type: 'unknown' };
  }
}
