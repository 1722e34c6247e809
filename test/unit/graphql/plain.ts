import type { JsonObject } from '../../../src/aiml/wire.ts';

/** An input as a caller writes it: plain objects instead of instances of input classes. */
export type Plain<T> = T extends JsonObject
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Plain<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Plain<T[Name]> }
      : T;
