/** The two parts of a request target (RFC 9112, 3.2) that are looked at before a request is routed. */

/** Where the target of an absolute form, `http://host/path`, begins to be a path. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The `host:port` of a target in absolute form; null where the target has none. */
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

/** 0 where there is none. */
function startOfAuthority(target: string): number {
  return target.startsWith('/') ? 0 : (SCHEME.exec(target)?.[0].length ?? 0);
}

function endOf(target: string, from: number, delimiter: RegExp): number {
  delimiter.lastIndex = from;
  return delimiter.exec(target)?.index ?? target.length;
}
