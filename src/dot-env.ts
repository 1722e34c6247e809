/** The file `.env` in the working directory, for people who do not pass settings in the environment. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError, type Environment } from './config.ts';
import { errorCode } from './runtime/error-code.ts';
import { decodeUtf8 } from './runtime/utf8.ts';

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
