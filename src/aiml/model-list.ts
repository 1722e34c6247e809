/** The models that upstream lists, remembered for some minutes, as pickers ask for them often and they rarely change. */
import { LRUCache } from 'lru-cache';
import type { AimlClient, UpstreamContext } from './client.ts';
import { readModels, type WireModel } from './resources/model.ts';
import type { WireList } from './wire.ts';

const TTL_MS = 5 * 60_000;
/** How many models all tenants together may have remembered. A model takes well under 1 KB. */
const MAX_MODELS = 10_000;

export class ModelList {
  readonly #client: AimlClient;
  readonly #lists = new LRUCache<string, WireList<WireModel>>({ maxSize: MAX_MODELS, ttl: TTL_MS });

  constructor(client: AimlClient) {
    this.#client = client;
  }

  /** Rejects with a PublicError and nothing else. */
  async list(context: UpstreamContext): Promise<WireList<WireModel>> {
    const known = this.#lists.get(context.tenant);
    if (known) return known;
    const list = await this.#client.call(
      {
        name: 'models.list',
        noun: 'model',
        rule: 'get',
        path: '/v1/models?include=capabilities',
        body: null,
        notFoundMeansSunset: false,
        read: readModels,
      },
      context,
    );
    this.#lists.set(context.tenant, list, { size: list.data.length + 1 });
    return list;
  }
}
