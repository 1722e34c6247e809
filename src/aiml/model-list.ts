/** The models of upstream, cached for five minutes: pickers load them often, and they rarely change. */
import { LRUCache } from 'lru-cache';
import type { UpstreamContext } from './call.ts';
import type { AimlClient } from './client.ts';
import { PublicError } from '../runtime/errors.ts';
import { readModels, type WireModel } from './resources/model.ts';
import type { WireList } from './wire.ts';

const TTL_MS = 5 * 60_000;
/** The maximum of cached models of all tenants. A model takes well under 1 KB. */
const MAX_MODELS = 10_000;

const MODELS_LIST = {
  name: 'models.list',
  noun: 'model',
  rule: 'get',
  path: '/v1/models?include=capabilities',
  read: readModels,
} as const;
const NO_MODELS = 'The AIML API does not list models.';

export class ModelList {
  readonly #client: AimlClient;
  readonly #lists: LRUCache<string, WireList<WireModel>>;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(client: AimlClient, now = () => performance.now()) {
    this.#client = client;
    this.#lists = new LRUCache({ maxSize: MAX_MODELS, ttl: TTL_MS, ttlResolution: 0, perf: { now } });
  }

  /** Always rejects with a PublicError. */
  async list(context: UpstreamContext): Promise<WireList<WireModel>> {
    const cached = this.#lists.get(context.tenant);
    if (cached) return cached;
    try {
      const list = await this.#client.call(MODELS_LIST, context);
      this.#lists.set(context.tenant, list, { size: list.data.length + 1 });
      return list;
    } catch (error) {
      if (!(error instanceof PublicError) || error.code !== 'NOT_FOUND') throw error;
      throw new PublicError({ ...error.details, code: 'UPSTREAM_UNAVAILABLE', message: NO_MODELS });
    }
  }
}
