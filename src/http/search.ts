/** The query string of a GET, made fit for Apollo Server, which takes an empty parameter for a value. */
import { decodeUtf8 } from '../runtime/utf8.ts';

/** Of these GraphQL over HTTP says that the empty string is the same as leaving them out. */
const OPTIONAL_PARAMETERS = ['operationName', 'variables', 'extensions'];

/** From a request target to its query string, with the `?`, or empty; null where it is not UTF-8, percent-encoded or not. */
export function toSearch(target: string): string | null {
  const start = target.indexOf('?');
  if (start === -1) return '';
  const search = decodeRawBytes(target.slice(start));
  if (search === null || !isEncodedUtf8(search)) return null;
  const parameters = new URLSearchParams(search);
  const empty = OPTIONAL_PARAMETERS.filter((name) => isEmpty(parameters.getAll(name)));
  if (empty.length === 0) return search;
  for (const name of empty) parameters.delete(name);
  return `?${parameters.toString()}`;
}

const isEmpty = (values: readonly string[]): boolean => values.length === 1 && values[0] === '';

/** Node reads a request target as Latin-1. Some clients send UTF-8 in it is. */
function decodeRawBytes(text: string): string | null {
  return /[\u0080-\u00ff]/.test(text) ? decodeUtf8(Buffer.from(text, 'latin1')) : text;
}

/** Whether `%XX` make UTF-8. A percent sign that begins no such triplet stands for itself, as in `URLSearchParams`. */
function isEncodedUtf8(text: string): boolean {
  if (!/%[89a-f]/i.test(text)) return true;
  try {
    decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}
