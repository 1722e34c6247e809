/**
 * JSON Schemas of what the Assistants API sends, made of the type declarations of the installed `openai` package. The tests
 * check the embedded API against them, so that its own idea of the shapes is not the only judge of what it sends.
 *
 * The schemas are strict: a member that a declaration does not have is an error, and so is one that it requires and that is
 * missing. They are kept in node_modules/.cache under the version of the package and a hash of this file.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('typescript')} TypeScript */
/** @typedef {{ [member: string]: unknown }} Schema */
/** @typedef {{ [name: string]: Schema }} Schemas */

const ROOT = new URL('../', import.meta.url);
const PACKAGE = new URL('node_modules/openai/', ROOT);

/** The types that responses and events are made of, by the file that declares them. */
const TYPES = {
  'resources/beta/assistants.d.ts': ['Assistant', 'AssistantDeleted', 'AssistantStreamEvent'],
  'resources/beta/threads/threads.d.ts': ['Thread', 'ThreadDeleted'],
  'resources/beta/threads/messages.d.ts': ['Message', 'MessageDeleted'],
  'resources/beta/threads/runs/runs.d.ts': ['Run'],
  'resources/beta/threads/runs/steps.d.ts': ['RunStep'],
  'resources/models.d.ts': ['Model'],
  'resources/shared.d.ts': ['ErrorObject'],
};

function toFileName() {
  /** @type {unknown} */
  const manifest = JSON.parse(readFileSync(new URL('package.json', PACKAGE), 'utf8'));
  const { version } = /** @type {{ version: string }} */ (manifest);
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const name = `openai-${version}-${hash.digest('hex').slice(0, 12)}.json`;
  return fileURLToPath(new URL(`node_modules/.cache/assistants-graphql/${name}`, ROOT));
}

/**
 * Makes the schemas where they are not there yet, which takes about two seconds, and puts the name of their file in the
 * environment. Jest calls this before it starts its workers.
 */
export default async function writeOpenaiSchemas() {
  const file = toFileName();
  process.env['OPENAI_SCHEMAS_FILE'] = file;
  if (existsSync(file)) return;
  const { default: typescript } = await import('typescript');
  mkdirSync(dirname(file), { recursive: true });
  // Another process may do the same: each writes a file of its own.
  const written = `${file}.${process.pid}`;
  writeFileSync(written, JSON.stringify(createSchemas(typescript)));
  renameSync(written, file);
}

/**
 * @param {TypeScript} ts
 * @returns {Schemas}
 */
function createSchemas(ts) {
  const files = Object.keys(TYPES).map((file) => fileURLToPath(new URL(file, PACKAGE)));
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  /** @type {Schemas} */
  const schemas = {};
  /** @type {Map<string, import('typescript').Symbol>} */
  const named = new Map();

  for (const [index, names] of Object.values(TYPES).entries()) {
    const source = program.getSourceFile(files[index] ?? '');
    const symbol = source && checker.getSymbolAtLocation(source);
    const exported = symbol ? checker.getExportsOfModule(symbol) : [];
    for (const name of names) {
      const found = exported.find((item) => item.name === name);
      if (!found) throw new Error(`The openai package declares no ${name}.`);
      const schema = toSchema(checker.getDeclaredTypeOfSymbol(found));
      schemas[name] ??= schema;
    }
  }
  return schemas;

  /**
   * @param {import('typescript').Type} type
   * @returns {Schema}
   */
  function toSchema(type) {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === 'true' };
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' };
    if (flags & ts.TypeFlags.NumberLike) return { type: 'number' };
    if (flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    // `string & {}`, which only keeps the suggestions of an editor.
    if (type.isIntersection() && type.types.some((part) => part.flags & ts.TypeFlags.String)) return { type: 'string' };
    if (type.isUnion()) return toUnion(type);
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(/** @type {import('typescript').TypeReference} */ (type));
      return { type: 'array', items: item ? toSchema(item) : {} };
    }
    if (flags & ts.TypeFlags.Object) return toObject(type);
    throw new Error(`There is no schema for the type ${checker.typeToString(type)}.`);
  }

  /**
   * @param {import('typescript').UnionType} type
   * @returns {Schema}
   */
  function toUnion(type) {
    // What is not required may be left out; it is never undefined in JSON.
    const parts = type.types.filter((part) => !(part.flags & ts.TypeFlags.Undefined)).map(toSchema);
    const literals = parts.filter((part) => 'const' in part).map((part) => part['const']);
    const others = parts.filter((part) => !('const' in part));
    if (literals.length > 0) others.unshift({ enum: literals });
    const [only] = others;
    return others.length === 1 && only ? only : { anyOf: others };
  }

  /**
   * An object that has a name is a schema of its own.
   *
   * @param {import('typescript').Type} type
   * @returns {Schema}
   */
  function toObject(type) {
    const properties = checker.getPropertiesOfType(type);
    const values = checker.getIndexTypeOfType(type, ts.IndexKind.String);
    if (values) return { type: 'object', additionalProperties: toSchema(values) };
    const { symbol } = type;
    const name = checker.getFullyQualifiedName(symbol).replace(/^"[^"]*"\./, '');
    const isNamed = name !== '__type';
    const reference = { $ref: `#/definitions/${name}` };
    const known = named.get(name);
    if (known === symbol) return reference;
    if (known) throw new Error(`The openai package has two types ${name}.`);
    /** @type {Schema} */
    const schema = { type: 'object', additionalProperties: false };
    if (isNamed) {
      schemas[name] = schema;
      named.set(name, symbol);
    }
    schema['required'] = properties.filter((item) => !(item.flags & ts.SymbolFlags.Optional)).map((item) => item.name);
    schema['properties'] = Object.fromEntries(
      properties.map((item) => [item.name, toSchema(checker.getTypeOfSymbol(item))]),
    );
    return isNamed ? reference : schema;
  }
}
