// An upstream that does what it is asked exactly once for each request that it takes, keeps a record of it, and lies,
// breaks off or falls silent about it. What it does to a request depends on the seed and on the request alone.
import type { Socket } from 'node:net';
import { hang, json, reset, sendAndEnd, status } from '../../support/raw-responses.ts';
import type { RawResponse, RawRequest } from '../../support/raw-upstream.ts';
import { wireAssistant } from '../../support/scripted-upstream.ts';
import { numberOf } from '../../support/random.ts';

/** What goes wrong with a request: whether it is done, and what is answered instead of the truth. */
interface Mishap {
  readonly name: string;
  readonly isApplied: boolean;
  readonly response: RawResponse;
  /** How often, in percent of all requests. */
  readonly percent: number;
}

const mishap = (name: string, percent: number, isApplied: boolean, response: RawResponse): Mishap => ({
  name,
  percent,
  isApplied,
  response,
});

/** Those after which upstream's state cannot be told make 22 %: well below what opens the breaker. */
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

/** Those that every history of a thousand operations meets. */
export const commonMishaps: readonly string[] = mishaps.filter(({ percent }) => percent > 1).map(({ name }) => name);

export interface FaultyStore {
  readonly response: RawResponse;
  /** While it lasts, every request is reset; every other one is done first. */
  isDown: boolean;
  /** The name of every assistant that there is, by its id. */
  readonly names: ReadonlyMap<string, string>;
  /** The ids that were made by a create of this name. */
  readonly created: ReadonlyMap<string, readonly string[]>;
  /** How often a modify to this name took place. */
  readonly modified: ReadonlyMap<string, number>;
  /** How often each mishap happened. */
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
      // Ids are in the log; names, which are values of callers, must not be.
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
