/** Owns how new ids are made. Ids that come in are opaque: one that is not in the store is unknown, however it looks. */
import { randomInt } from 'node:crypto';

type IdPrefix = 'asst' | 'vs' | 'thread' | 'msg' | 'run' | 'step' | 'call';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 24;

/** A new id: the prefix, an underscore, and 24 random letters and digits (142 bits). */
export function createId(prefix: IdPrefix): string {
  let id = `${prefix}_`;
  for (let i = 0; i < LENGTH; i++) id += ALPHABET.charAt(randomInt(ALPHABET.length));
  return id;
}
