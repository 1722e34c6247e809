// An upstream that applies each accepted request exactly once and records it. Its responses may be wrong, cut off or
// missing: the fault of a request depends only on the seed and the request.
import type { Socket } from 'node:net';
import { hang, json, reset, sendAndEnd, status } from '../../support/raw-responses.ts';
import type { RawResponse, RawRequest } from '../../support/raw-upstream.ts';
import { wireAssistant } from '../../support/scripted-upstream.ts';
import { numberOf } from '../../support/random.ts';

/** A fault: whether the request is applied, and what is sent instead of the correct response. */
interface Mishap {
  readonly name: string;
  readonly isApplied: boolean;
  readonly response: RawResponse;
  /** The frequency, in percent of all requests. */
  readonly percent: number;
}

const mishap = (name: string, percent: number, isApplied: boolean, response: RawResponse): Mishap => ({
  name,
  percent,
  isApplied,
  response,
});

/** Faults that leave the outcome unknown are 22 % of all requests, well below what opens the breaker. */
const mishaps: readonly Mishap[] = [
  mishap('done, then reset', 4, true, reset),
  mishap('done, then ended', 1, true, sendAndEnd('')),
  mishap('done, then cut short', 2, true, sendAndEnd('HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{"id":')),
  mishap('done, then 500', 2, true, status(500)),
  mishap('done, then 504', 1, true, status(504)),
  mishap('done, then 408', 1, true, status(408)),
  mishap('done, then nonsense', 1, true, json(200, { fine: true })),
  mishap('done, then silence', 1, true, hang),
  mishap('reset', 4, false, reset),
  mishap('502', 2, false, status(502)),
  mishap('503 with Retry-After', 1, false, status(503, [['retry-after', '0']])),
  mishap('silence', 1, false, hang),
  mishap('a redirect', 1, false, status(307, [['location', '/elsewhere']])),
  mishap('429', 4, false, status(429)),
  mishap('429 for an hour', 1, false, status(429, [['retry-after', '3600']])),
  mishap('409', 1, false, status(409)),
  mishap('403', 1, false, status(403)),
];

/** The faults that every history of a thousand operations contains. */
export const commonMishaps: readonly string[] = mishaps.filter(({ percent }) => percent > 1).map(({ name }) => name);

export interface FaultyStore {
  readonly response: RawResponse;
  /** While true, every request is reset, and every other request is applied before that. */
  isDown: boolean;
  /** The name of every existing assistant, by id. */
  readonly names: ReadonlyMap<string, string>;
  /** The ids that were created with this name. */
  readonly created: ReadonlyMap<string, readonly string[]>;
  /** How often a modify set this name. */
  readonly modified: ReadonlyMap<string, number>;
  /** How often each fault happened. */
  readonly happened: ReadonlyMap<string, number>;
}

export function createFaultyStore(seed: number): FaultyStore {
  const names = new Map<string, string>();
  const created = new Map<string, string[]>();
  const modified = new Map<string, number>();
  const happened = new Map<string, number>();
  const seen = new Map<string, number>();

  const chooseMishap = ({ method, path, body }: RawRequest): Mishap | undefined => {
    const word = `${method} ${path} ${body}`;
    const times = (seen.get(word) ?? 0) + 1;
    seen.set(word, times);
    let left = numberOf(seed, `${word} ${times}`) * 100;
    return mishaps.find(({ percent }) => (left -= percent) < 0);
  };

  const apply = (request: RawRequest): RawResponse => {
    const { method, path, body } = request;
    const id = path.split('/').at(2);
    const name = body === '' ? '' : (JSON.parse(body) as { readonly name: string }).name;
    if (id === undefined && method === 'POST') {
      const ids = created.get(name) ?? [];
      // The log contains ids. It must not contain names, which are values of the caller.
      const newId = `asst_${name.replace('op-', '')}_${ids.length}`;
      created.set(name, [...ids, newId]);
      names.set(newId, name);
      return json(201, wireAssistant(newId, { name }));
    }
    if (id === undefined)
      return json(200, {
        data: [...names].slice(-20).map(([listedId, listed]) => wireAssistant(listedId, { name: listed })),
        has_more: false,
      });
    const known = names.get(id);
    if (known === undefined) return status(404);
    if (method === 'GET') return json(200, wireAssistant(id, { name: known }));
    if (method === 'DELETE') {
      names.delete(id);
      return json(200, { id, object: 'assistant.deleted', deleted: true });
    }
    names.set(id, name);
    modified.set(name, (modified.get(name) ?? 0) + 1);
    return json(200, wireAssistant(id, { name }));
  };

  const store = {
    isDown: false,
    names,
    created,
    modified,
    happened,
    response: (socket: Socket, request: RawRequest) => {
      if (store.isDown) {
        if (request.index % 2 === 0) apply(request);
        reset(socket, request);
        return;
      }
      const chosen = chooseMishap(request);
      if (!chosen) {
        apply(request)(socket, request);
        return;
      }
      happened.set(chosen.name, (happened.get(chosen.name) ?? 0) + 1);
      if (chosen.isApplied) apply(request);
      chosen.response(socket, request);
    },
  };
  return store;
}
