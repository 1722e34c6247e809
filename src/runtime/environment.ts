/** Settings as text: from the process's environment, and from the file `.env` in the working directory. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { errorCode } from './error-code.ts';
import { decodeUtf8 } from './utf8.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings are wrong. The message has a line for each, which names it and says what it takes, never what it holds. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The settings in the file; none where there is no file. Throws {@link ConfigError} where it cannot be read as text. */
export function readDotEnv(path = '.env'): Environment {
  const bytes = readBytes(path);
  if (bytes === null) return {};
  const text = decodeText(bytes);
  // Text with NUL is UTF-16 without a byte order mark, or no text.
  if (text === null || text.includes('\0')) throw new ConfigError('the file .env is not UTF-8 text: save it as UTF-8');
  return parseEnv(text);
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new ConfigError('the file .env cannot be read');
  }
}

/** UTF-8, or UTF-16 by its byte order mark, as Windows' editors and shells write it; null where it is neither. */
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
