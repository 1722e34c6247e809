// The schemas of the official SDK's types, with the extensions of the embedded API. No response may contain anything
// else.
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

type Schema = Readonly<Record<string, unknown>>;
interface ObjectSchema {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, Schema>>;
}

const nullable = (type: string): Schema => ({ type: [type, 'null'] });

/** Members that the SDK does not declare, by the type that has them. The embedded API always sends them. */
const EXTENSIONS: Readonly<Record<string, ObjectSchema['properties']>> = {
  // The Assistants API has it, although the SDK declares it for requests only.
  Assistant: { reasoning_effort: nullable('string') },
  Run: {
    // The cost of the calls of the model, if the model API reports it.
    cost: {
      type: ['object', 'null'],
      required: ['usd'],
      properties: { usd: { type: 'number' } },
      additionalProperties: false,
    },
    // The Assistants API sends both, although the SDK does not declare them.
    tool_resources: { type: 'object' },
    reasoning_effort: nullable('string'),
  },
  // The Assistants API also sends this reason.
  'Run.IncompleteDetails': { reason: { enum: ['max_completion_tokens', 'max_prompt_tokens', 'content_filter'] } },
};

function readSchemas(): Readonly<Record<string, Schema>> {
  const file = process.env['OPENAI_SCHEMAS_FILE'] ?? '';
  const schemas = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Schema>;
  for (const [name, extension] of Object.entries(EXTENSIONS)) {
    const schema = schemas[name] as (Schema & ObjectSchema) | undefined;
    if (!schema) throw new Error(`The SDK has no type ${name}.`);
    schemas[name] = {
      ...schema,
      required: [...new Set([...schema.required, ...Object.keys(extension)])],
      properties: { ...schema.properties, ...extension },
    };
  }
  return schemas;
}

const definitions = readSchemas();
// Each test file compiles what it needs: this is as fast as it gets.
const ajv = new Ajv({
  validateSchema: false,
  meta: false,
  strict: false,
  code: { optimize: false },
  schemas: [{ $id: 'openai', definitions }],
});
const validators = new Map<string, ValidateFunction>();

/** The type of an event's data, by the name of the event. */
const eventTypes = new Map(
  Object.keys(definitions)
    .filter((name) => name.startsWith('AssistantStreamEvent.'))
    .map((name) => {
      const { event } = (definitions[name] as Schema & ObjectSchema).properties;
      return [String(event?.['const']), name];
    }),
);

/** The problems of a value; undefined if it is valid. `schema` is a schema or the name of a type of the SDK. */
export function problemsOf(value: unknown, schema: string | Schema): string | undefined {
  const key = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const validate = validators.get(key) ?? ajv.compile(typeof schema === 'string' ? reference(schema) : schema);
  validators.set(key, validate);
  if (validate(value)) return undefined;
  const errors = validate.errors ?? [];
  return errors
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .join('; ');
}

export const reference = (type: string): Schema => ({ $ref: `openai#/definitions/${type}` });

/** The type of the event with this name; undefined for a name that the SDK does not have. */
export const eventTypeOf = (event: string): string | undefined => eventTypes.get(event);
