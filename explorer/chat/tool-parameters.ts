/** The arguments of a function call beside the function's JSON Schema. */

export interface Parameter {
  readonly name: string;
  /** Type or choices, whether it is required, and the schema's description, in words; empty if the schema has none. */
  readonly description: string;
  readonly isGiven: boolean;
  readonly value: unknown;
  /** What about the argument does not fit the schema; null if it fits. */
  readonly problem: string | null;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The parameters of the schema in its order, then the arguments that it does not name. */
export function toParameters(values: JsonObject, schema: JsonObject | null): readonly Parameter[] {
  const properties = toObject(schema?.['properties']);
  const required: unknown = schema?.['required'];
  const names = [...new Set([...Object.keys(properties), ...Object.keys(values)])];
  return names.map((name) => {
    const property = Object.hasOwn(properties, name) ? toObject(properties[name]) : null;
    const isGiven = Object.hasOwn(values, name);
    const isRequired = Array.isArray(required) && required.includes(name);
    const value = isGiven ? values[name] : undefined;
    const isUnknown = property === null && schema?.['additionalProperties'] === false;
    return {
      name,
      description: property ? toDescription(property, isRequired) : '',
      isGiven,
      value,
      problem: isUnknown ? 'The function has no such parameter.' : toProblem(value, property, isGiven, isRequired),
    };
  });
}

/** For example `billing | platform, required` or `string: the name of a city`. */
function toDescription({ type, enum: choices, description }: JsonObject, isRequired: boolean): string {
  const options = choices ?? type;
  const kind = Array.isArray(options) ? options.map(toWord).join(' | ') : typeof options === 'string' ? options : '';
  const constraints = [kind, isRequired ? 'required' : ''].filter((part) => part !== '').join(', ');
  const words = typeof description === 'string' ? description : '';
  return [constraints, words].filter((part) => part !== '').join(': ');
}

function toProblem(value: unknown, property: JsonObject | null, isGiven: boolean, isRequired: boolean): string | null {
  if (!isGiven) return isRequired ? 'It is required, but the model left it out.' : null;
  const choices = property?.['enum'];
  const isScalar = typeof value !== 'object' || value === null;
  if (Array.isArray(choices) && isScalar && !choices.includes(value)) return 'It is none of the choices.';
  const types = [property?.['type']].flat().filter((type) => typeof type === 'string');
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    return `It is not of the type ${types.join(' or ')}.`;
  return null;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      return true;
  }
}

const toWord = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const toObject = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** Null if the text is not a JSON object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
