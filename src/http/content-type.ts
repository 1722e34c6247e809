/** Which of GraphQL's two media types a response is sent as, and which charsets a request may have. */
import Negotiator from 'negotiator';
import { parseMediaRanges, parseMediaType } from './media-type.ts';

/** In the order of preference where the caller has none (https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types). */
const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'];
/** Callers send a handful of Accept headers; more than this many are no callers to remember. */
const MAX_REMEMBERED = 64;

const chosen = new Map<string, string | null>();

/** The Content-Type for an Accept header; null where it rules both types out. An empty header is the same as none. */
export function chooseContentType(accept: string | undefined): string | null {
  if (accept === undefined) return `${MEDIA_TYPES[0] ?? ''}; charset=utf-8`;
  let contentType = chosen.get(accept);
  if (contentType === undefined) {
    const mediaType = new Negotiator({ headers: { accept: withoutParameters(accept) } }).mediaType(MEDIA_TYPES);
    contentType = mediaType === undefined ? null : `${mediaType}; charset=utf-8`;
    if (chosen.size >= MAX_REMEMBERED) chosen.clear();
    chosen.set(accept, contentType);
  }
  return contentType;
}

/**
 * The media ranges with their weights alone. Negotiator compares every other parameter with those of the types that are
 * offered, and clients that follow earlier texts of GraphQL over HTTP ask for `charset=utf-8`.
 */
function withoutParameters(accept: string): string {
  const ranges = parseMediaRanges(accept);
  if (ranges.length === 0) return '*/*';
  return ranges
    .map(({ type, parameters }) => {
      const weight = parameters.get('q');
      return weight === undefined ? type : `${type};q=${weight}`;
    })
    .join(',');
}

/** JSON is UTF-8 (RFC 8259, 8.1), of which ASCII is a part. */
const CHARSETS: ReadonlySet<string> = new Set(['', 'utf-8', 'utf8', 'us-ascii', 'ascii']);

/** Whether a Content-Type header names a charset that JSON cannot have. */
export function hasForeignCharset(contentType: string): boolean {
  if (!contentType.includes(';')) return false;
  return !CHARSETS.has(parseMediaType(contentType).parameters.get('charset')?.toLowerCase() ?? '');
}
