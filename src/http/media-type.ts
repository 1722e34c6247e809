/** Parses media types of Accept and Content-Type headers (RFC 9110, 8.3.1 and 12.5.1). */

export interface MediaType {
  /** `type/subtype` in lower case, not validated. */
  readonly type: string;
  /** Names in lower case, values without quotes. The first of several equal names counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = splitUnquoted(text, ';');
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '' && !parameters.has(name))
      parameters.set(name, equals === -1 ? '' : unquote(part.slice(equals + 1)));
  }
  return { type: type.trim().toLowerCase(), parameters };
}

/** The media ranges of an Accept header, without empty ones. */
export const parseMediaRanges = (header: string): readonly MediaType[] =>
  splitUnquoted(header, ',')
    .filter((range) => range.trim() !== '')
    .map(parseMediaType);

function splitUnquoted(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '\\' && isQuoted) index += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function unquote(value: string): string {
  const trimmed = value.trim();
  const isQuoted = trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"');
  return isQuoted ? trimmed.slice(1, -1).replace(/\\(.)/g, '$1') : trimmed;
}

/** JSON is UTF-8 (RFC 8259, 8.1), which includes ASCII. */
const CHARSETS: ReadonlySet<string> = new Set(['', 'utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a Content-Type header names a charset that is not valid for JSON. */
export function hasUnsupportedCharset(contentType: string): boolean {
  if (!contentType.includes(';')) return false;
  return !CHARSETS.has(parseMediaType(contentType).parameters.get('charset')?.toLowerCase() ?? '');
}
