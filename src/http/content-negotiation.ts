/** Chooses the media type of a response, or the kind of stream, from the Accept header. */
import Negotiator from 'negotiator';

/** In the order of preference of the service (https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types). */
const MEDIA_TYPES = ['application/json', 'application/graphql-response+json'];
/** Clients send few different Accept headers, so the results are cached. */
const MAX_CACHED = 64;

const contentTypesByAccept = new Map<string, string | null>();

/** The Content-Type for an Accept header; null if it accepts neither type. An empty header accepts any. */
export function chooseContentType(accept: string | undefined): string | null {
  if (accept === undefined) return `${MEDIA_TYPES[0] ?? ''}; charset=utf-8`;
  let contentType = contentTypesByAccept.get(accept);
  if (contentType === undefined) {
    const mediaType = new Negotiator({ headers: { accept: withoutParameters(accept) } }).mediaType(MEDIA_TYPES);
    contentType = mediaType === undefined ? null : `${mediaType}; charset=utf-8`;
    if (contentTypesByAccept.size >= MAX_CACHED) contentTypesByAccept.clear();
    contentTypesByAccept.set(accept, contentType);
  }
  return contentType;
}

/**
 * Removes all parameters except weights. Negotiator requires every other parameter to match, and clients of earlier
 * GraphQL over HTTP drafts send `charset=utf-8`.
 */
function withoutParameters(accept: string): string {
  const ranges = parseMediaRanges(accept);
  if (ranges.length === 0) return '*/*';
  return ranges.map((range) => `${range.type};q=${weightOf(range)}`).join(',');
}

/** Server-sent events, or parts of a multipart body. */
export type StreamType = 'sse' | 'multipart';

export interface StreamAcceptance {
  readonly type: StreamType;
  readonly isPreferred: boolean;
}

/**
 * The first kind of stream with the highest weight; null if the header names none. Wildcards do not count, because clients
 * that accept anything expect JSON.
 */
export function chooseStreamType(accept: string | undefined): StreamAcceptance | null {
  if (accept === undefined || !/event-stream|multipart/i.test(accept)) return null;
  let chosen: { type: StreamType; weight: number; index: number } | null = null;
  let json: { weight: number; index: number } | null = null;
  for (const [index, range] of parseMediaRanges(accept).entries()) {
    const weight = weightOf(range);
    const type = toStreamType(range);
    if (weight <= 0) continue;
    if (type !== null && weight > (chosen?.weight ?? 0)) chosen = { type, weight, index };
    if (type === null && weight > (json?.weight ?? 0)) json = { weight, index };
  }
  if (!chosen) return null;
  const isPreferred =
    json === null || chosen.weight > json.weight || (chosen.weight === json.weight && chosen.index < json.index);
  return { type: chosen.type, isPreferred };
}

function toStreamType({ type, parameters }: MediaType): StreamType | null {
  if (type === 'text/event-stream') return 'sse';
  return type === 'multipart/mixed' && parameters.get('subscriptionspec') === '1.0' ? 'multipart' : null;
}

/** From 0 to 1. An invalid weight is ignored. */
function weightOf({ parameters }: MediaType): number {
  const weight = parameters.get('q') ?? '';
  return /^(?:0?\.\d+|[01](?:\.\d*)?)$/.test(weight) ? Math.min(1, Number(weight)) : 1;
}

/** Of an Accept or Content-Type header (RFC 9110, 8.3.1 and 12.5.1). */
interface MediaType {
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
const parseMediaRanges = (header: string): readonly MediaType[] =>
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
