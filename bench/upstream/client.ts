/** The bench's client of its upstream: starts it, sets its delay and reads its counters. */
import { request } from 'undici';
import { Child } from '../children.ts';

export interface UpstreamCounters {
  readonly get: number;
  readonly list: number;
  readonly create: number;
  readonly total: number;
  /** The id of the last assistant that was created. */
  readonly lastCreated: string;
}

export class Upstream {
  readonly url: URL;
  readonly #child: Child;

  private constructor(child: Child, url: URL) {
    this.#child = child;
    this.url = url;
  }

  static async start(): Promise<Upstream> {
    const script = new URL('./main.js', import.meta.url);
    const { child, url } = await Child.start({ name: 'upstream', script, environment: {}, profileFolder: null });
    return new Upstream(child, url);
  }

  async counters(): Promise<UpstreamCounters> {
    const { body } = await request(new URL('/bench/counters', this.url));
    return (await body.json()) as UpstreamCounters;
  }

  /** Resets the counters; from now on responses take `delayMs`. */
  async reset(delayMs = 0): Promise<void> {
    const { body } = await request(new URL(`/bench/reset?delayMs=${delayMs}`, this.url), { method: 'POST' });
    await body.dump();
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
