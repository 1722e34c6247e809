/** The settings as text, from the environment and the file `.env` in the working directory. */
import { readFileSync } from 'node:fs';
// Not by name: Node.js 18, which gets a clear message, does not export `parseEnv`.
import util from 'node:util';
import { errorCode } from './error-code.ts';
import { decodeUtf8 } from './utf8.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Invalid settings. The message has one line per setting: its name and the valid values, never the current value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The settings in the file; empty if it does not exist. Throws {@link ConfigError} if it is not text of settings. */
export function readDotEnv(path = '.env'): Environment {
  const bytes = readBytes(path);
  if (bytes === null) return {};
  const text = decodeText(bytes);
  // Text with NUL is UTF-16 without a byte order mark, or binary data.
  if (text === null || text.includes('\0')) throw new ConfigError('the file .env is not UTF-8 text: save it as UTF-8');
  checkLines(text);
  // Node.js removes no tabs around a name, and loses a last line without an end that has a single quotation mark.
  const settings = Object.entries(util.parseEnv(`${text}\n`));
  return Object.fromEntries(settings.map(([name, value]) => [name.trim(), value]));
}

/** Nothing, a comment, or NAME=value. A value in quotation marks may have several lines. */
const LINE =
  /(?:\n|^(?!\n))[ \t\r]*(?:#[^\n]*|(?:export +)?[^\s=#]+[ \t]*=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*)?(?=\n|$)/y;

/** Node.js skips any other line together with the next one, or with all that follow, so that settings would be lost. */
function checkLines(text: string): void {
  for (let index = 0; index < text.length; index = LINE.lastIndex) {
    LINE.lastIndex = index;
    if (LINE.test(text)) continue;
    const line = text.slice(0, index + 1).split('\n').length;
    throw new ConfigError(`the file .env has a line that is not NAME=value: line ${line}`);
  }
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new ConfigError('the file .env cannot be read');
  }
}

/** Decodes UTF-8, or UTF-16 with a byte order mark as Windows writes it; null for anything else. */
function decodeText(bytes: Buffer): string | null {
  const encoding = UTF16_BY_MARK.get(bytes.toString('hex', 0, 2));
  if (encoding === undefined) return decodeUtf8(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const UTF16_BY_MARK: ReadonlyMap<string, string> = new Map([
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
]);
