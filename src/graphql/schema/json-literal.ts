/**
 * JSON as a value of GraphQL: what of it can be sent on without loss, and how a literal of a document becomes it.
 *
 * A refusal is a predicate ("holds a number that …") and never shows a value. Nothing here recurses deeper than
 * {@link MAX_LEVELS}, so that no nesting can exhaust the stack.
 */
import { Kind, type ObjectFieldNode, type ValueNode } from 'graphql';
import type { JsonValue } from '../../aiml/wire.ts';

/** Objects and lists inside one another, the outermost one counted. */
const MAX_LEVELS = 64;

const TOO_DEEP = `holds at most ${MAX_LEVELS} levels of objects and lists`;
const NOT_EXACT = 'holds finite numbers, and integers up to 2^53, only';
const NOT_JSON = 'holds objects, lists, strings, numbers, true, false and null only';

export type VariableValues = Readonly<Record<string, unknown>> | null | undefined;

/** Why a value cannot be sent on as JSON, null where it can. The value is walked, not copied. */
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
 * An integer beyond this may be another one than the caller wrote: JSON.parse reads 2^53 + 1 as 2^53.
 * 2^53 itself can be told from its neighbours in a literal only.
 */
const isExact = (value: number): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));

type LiteralResult = { readonly value: JsonValue | undefined } | { readonly problem: string };

/**
 * The value of a literal, its variables put in. What a variable holds is checked like every other value. In an object
 * a variable without a value is left out, in a list it is null, as in every list and input object of GraphQL; a literal
 * that is nothing but such a variable is undefined.
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
    // Assigned, a key named __proto__ would set the object's prototype and be lost.
    Object.defineProperty(object, name.value, {
      value: item.value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return { value: object };
}

/** 2^53 has 16 digits, so that no text is longer than its sign and those. */
const isExactInteger = (text: string): boolean =>
  text.length <= 17 && Math.abs(Number(text)) <= 2 ** 53 && BigInt(text) === BigInt(Number(text));

/** A literal that is not zero but reads as zero (`1e-400`) has lost everything. */
const isExactFloat = (text: string): boolean => {
  const value = Number(text);
  return isExact(value) && (value !== 0 || !/[1-9]/.test(text.replace(/e.*$/i, '')));
};
