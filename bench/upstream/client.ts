/** The bench's side of its upstream: how it is started, told what to do, and asked what it has seen. */
import { request } from 'undici';
import { Child } from '../children.ts';

export interface UpstreamCounters {
  readonly get: number;
  readonly list: number;
  readonly create: number;
  readonly total: number;
  /** The id of the assistant that was created last. */
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

  /** Forgets the counts; from now on answers take `delayMs`. */
  async reset(delayMs = 0): Promise<void> {
    const { body } = await request(new URL(`/bench/reset?delayMs=${delayMs}`, this.url), { method: 'POST' });
    await body.dump();
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
