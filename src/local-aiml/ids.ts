/** Owns what ids look like: how new ones are made, and what can be one at all. */
import { randomInt } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 24;

/** A new id: the prefix, an underscore, and 24 random letters and digits (142 bits). */
export function createId(prefix: 'asst' | 'vs'): string {
  let id = `${prefix}_`;
  for (let i = 0; i < LENGTH; i++) id += ALPHABET.charAt(randomInt(ALPHABET.length));
  return id;
}

/** Whether the text can be an id. Whether there is such an assistant is for the store to say. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}
