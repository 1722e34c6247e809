/** Splits request targets (RFC 9112, 3.2) into authority, path and query string. */

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
