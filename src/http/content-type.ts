/** Which of GraphQL's two media types an answer is sent as. */
import Negotiator from 'negotiator';

/** In the order of preference where the caller has none (https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types). */
const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'];
/** Callers send a handful of Accept headers; more than this many are no callers to remember. */
const MAX_REMEMBERED = 64;

const chosen = new Map<string, string | null>();

/** The Content-Type for an Accept header; null where it rules both types out. */
export function chooseContentType(accept: string | undefined): string | null {
  if (accept === undefined) return `${MEDIA_TYPES[0] ?? ''}; charset=utf-8`;
  let contentType = chosen.get(accept);
  if (contentType === undefined) {
    const mediaType = new Negotiator({ headers: { accept } }).mediaType(MEDIA_TYPES);
    contentType = mediaType === undefined ? null : `${mediaType}; charset=utf-8`;
    if (chosen.size >= MAX_REMEMBERED) chosen.clear();
    chosen.set(accept, contentType);
  }
  return contentType;
}
