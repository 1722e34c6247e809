/** Splits request targets (RFC 9112, 3.2) into authority, path and query string. */
import { decodeUtf8 } from '../runtime/utf8.ts';

/** The scheme of a target in absolute form, `http://host/path`. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The `host:port` of a target in absolute form; null for other forms. */
export function authorityOf(target: string): string | null {
  const start = startOfAuthority(target);
  return start === 0 ? null : target.slice(start, endOf(target, start, /[/?#]/g));
}

/** The path without the query. */
export function pathOf(target: string): string {
  const start = startOfAuthority(target);
  const pathStart = start === 0 ? 0 : endOf(target, start, /[/?#]/g);
  return target.slice(pathStart, endOf(target, pathStart, /[?#]/g));
}

/** 0 if the target has no authority. */
function startOfAuthority(target: string): number {
  return target.startsWith('/') ? 0 : (SCHEME.exec(target)?.[0].length ?? 0);
}

function endOf(target: string, from: number, delimiter: RegExp): number {
  delimiter.lastIndex = from;
  return delimiter.exec(target)?.index ?? target.length;
}

/** GraphQL over HTTP treats these parameters as absent if they are empty, and those that are JSON also if they are null. */
const OPTIONAL_PARAMETERS: readonly (readonly [name: string, absent: RegExp])[] = [
  ['operationName', /^$/],
  ['variables', /^(?:null)?$/],
  ['extensions', /^(?:null)?$/],
];

/**
 * The query string with its `?`, or empty; null if it is not UTF-8. Absent optional parameters are removed, because
 * Apollo Server would parse them.
 */
export function queryStringOf(target: string): string | null {
  const start = target.indexOf('?');
  if (start === -1) return '';
  const search = decodeRawBytes(target.slice(start));
  if (search === null || !isEncodedUtf8(search)) return null;
  const parameters = new URLSearchParams(search);
  const removed = OPTIONAL_PARAMETERS.filter(([name, absent]) => {
    const values = parameters.getAll(name);
    return values.length === 1 && absent.test(values[0] ?? '');
  });
  if (removed.length === 0) return search;
  for (const [name] of removed) parameters.delete(name);
  return `?${parameters.toString()}`;
}

/** Node reads a request target as Latin-1. Some clients send UTF-8 in it unencoded. */
function decodeRawBytes(text: string): string | null {
  return /[\u0080-\u00ff]/.test(text) ? decodeUtf8(Buffer.from(text, 'latin1')) : text;
}

/** Whether the percent-encoded bytes are UTF-8. A percent sign without two digits is literal, as in `URLSearchParams`. */
function isEncodedUtf8(text: string): boolean {
  if (!/%[89a-f]/i.test(text)) return true;
  try {
    decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}
