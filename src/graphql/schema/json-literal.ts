/**
 * JSON as a GraphQL value: checks that a value can be forwarded without loss, and converts literals of a document.
 *
 * A problem is a predicate ("holds a number that …") and never contains a value. Recursion stops at {@link MAX_LEVELS},
 * so nesting cannot exhaust the stack.
 */
import { Kind, type ObjectFieldNode, type ValueNode } from 'graphql';
import type { JsonValue } from '../../aiml/wire.ts';

/** Nested objects and lists, including the outermost. */
const MAX_LEVELS = 64;

const TOO_DEEP = `holds at most ${MAX_LEVELS} levels of objects and lists`;
const NOT_EXACT = 'holds finite numbers, and integers up to 2^53, only';
const NOT_JSON = 'holds objects, lists, strings, numbers, true, false and null only';

export type VariableValues = Readonly<Record<string, unknown>> | null | undefined;

/** Why a value cannot be forwarded as JSON. Null if it can be. The value is not copied. */
export function jsonProblem(value: unknown, level = 1): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return isExact(value) ? null : NOT_EXACT;
    case 'object': {
      if (value === null) return null;
      if (level > MAX_LEVELS) return TOO_DEEP;
      // A loop over the indexes of a list makes no text of each of them.
      if (Array.isArray(value)) {
        for (const item of value as unknown[]) {
          const problem = jsonProblem(item, level + 1);
          if (problem) return problem;
        }
        return null;
      }
      for (const name in value) {
        const problem = jsonProblem((value as Readonly<Record<string, unknown>>)[name], level + 1);
        if (problem) return problem;
      }
      return null;
    }
    default:
      return NOT_JSON;
  }
}

/**
 * Larger integers may differ from what the client wrote: JSON.parse reads 2^53 + 1 as 2^53. For the same reason a
 * variable cannot hold 2^53 itself; a literal can, because its digits are available.
 */
const isExact = (value: number): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));

type LiteralResult = { readonly value: JsonValue | undefined } | { readonly problem: string };

/**
 * The value of a literal with its variables replaced; values of variables are checked as well. As everywhere in
 * GraphQL, a variable without a value is omitted from an object and is null in a list. A literal that consists of such
 * a variable alone is undefined.
 */
export function fromJsonLiteral(node: ValueNode, variables: VariableValues, level = 1): LiteralResult {
  switch (node.kind) {
    case Kind.NULL:
      return { value: null };
    case Kind.STRING:
    case Kind.BOOLEAN:
      return { value: node.value };
    case Kind.INT:
      return isExactInteger(node.value) ? { value: Number(node.value) } : { problem: NOT_EXACT };
    case Kind.FLOAT:
      return isExactFloat(node.value) ? { value: Number(node.value) } : { problem: NOT_EXACT };
    case Kind.ENUM:
      return { problem: NOT_JSON };
    case Kind.VARIABLE: {
      const name = node.name.value;
      if (!variables || !Object.hasOwn(variables, name)) return { value: undefined };
      const problem = jsonProblem(variables[name], level);
      return problem ? { problem } : { value: variables[name] as JsonValue };
    }
    case Kind.LIST:
      return level > MAX_LEVELS ? { problem: TOO_DEEP } : readList(node.values, variables, level);
    case Kind.OBJECT:
      return level > MAX_LEVELS ? { problem: TOO_DEEP } : readObject(node.fields, variables, level);
  }
}

function readList(nodes: readonly ValueNode[], variables: VariableValues, level: number): LiteralResult {
  const list: JsonValue[] = [];
  for (const node of nodes) {
    const item = fromJsonLiteral(node, variables, level + 1);
    if ('problem' in item) return item;
    list.push(item.value ?? null);
  }
  return { value: list };
}

function readObject(fields: readonly ObjectFieldNode[], variables: VariableValues, level: number): LiteralResult {
  const object: Record<string, JsonValue> = {};
  for (const { name, value } of fields) {
    const item = fromJsonLiteral(value, variables, level + 1);
    if ('problem' in item) return item;
    if (item.value === undefined) continue;
    // Assigning a key named __proto__ would set the object's prototype and lose the value.
    Object.defineProperty(object, name.value, {
      value: item.value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return { value: object };
}

/** 2^53 has 16 digits, so an exact integer has at most 17 characters with its sign. */
const isExactInteger = (text: string): boolean =>
  text.length <= 17 && Math.abs(Number(text)) <= 2 ** 53 && BigInt(text) === BigInt(Number(text));

/** A nonzero literal that underflows to zero (`1e-400`) is not exact. */
const isExactFloat = (text: string): boolean => {
  const value = Number(text);
  return isExact(value) && (value !== 0 || !/[1-9]/.test(text.replace(/e.*$/i, '')));
};
