/** Which kind of stream a client accepts as the response to a subscription. */
import { parseMediaRanges, type MediaType } from './media-type.ts';

/** Server-sent events, or parts of a multipart body. */
export type StreamType = 'sse' | 'multipart';

export interface StreamAcceptance {
  readonly type: StreamType;
  /** Whether the client would rather have it than JSON where it accepts both. */
  readonly isPreferred: boolean;
}

/**
 * The first kind of those with the highest weight; null where the client names none. A wildcard names none: clients that
 * take anything expect JSON.
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

function weightOf({ parameters }: MediaType): number {
  const weight = Number(parameters.get('q') ?? 1);
  return Number.isNaN(weight) ? 1 : weight;
}
