/**
 * Owns the connection to Redis (or Valkey) and its availability. It knows nothing of the data stored there.
 *
 * Redis is optional. After an error or a time-out it counts as unavailable and is bypassed until it accepts writes again.
 */
import { Redis, type ChainableCommander, type RedisOptions } from 'ioredis';
import { errorCode } from '../runtime/error-code.ts';

/** The longest wait for a silent Redis, in milliseconds. The connection stays open and is used again when Redis recovers. */
const REPLY_TIMEOUT_MS = 300;
/** A connection that owes a reply and receives nothing for this long is closed, in milliseconds. */
const SILENCE_TIMEOUT_MS = 1500;
const CONNECT_TIMEOUT_MS = 1000;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How often availability is checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

/** Raise the number when a new version stores values that the previous one cannot read. */
const PREFIX = 'assistants:1';

interface RedisConnectionOptions {
  /** `redis:` or `rediss:`, validated, with user and password if Redis needs them. */
  readonly url: URL;
  /** Separates the keys of services with different upstreams. */
  readonly namespace: string;
  /** Called with a reason when Redis becomes unavailable, and with null when it is available again. */
  readonly onChange: (unavailableReason: string | null) => void;
}

/** Commands that must succeed before Redis counts as available. `wasUnavailable` is false for the first connection. */
type ConnectHook = (client: Redis, wasUnavailable: boolean) => Promise<unknown>;

export class RedisConnection {
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #onChange: RedisConnectionOptions['onChange'];
  #state: 'new' | 'up' | 'unavailable' | 'closed' = 'new';
  #connectHook: ConnectHook = (client) => client.ping();
  /** How often {@link repeatHook} was called. */
  #repeats = 0;
  #timer: NodeJS.Timeout | null = null;
  #settle: () => void = () => undefined;

  constructor({ url, namespace, onChange }: RedisConnectionOptions) {
    this.#prefix = `${PREFIX}:${namespace}`;
    this.#onChange = onChange;
    this.#client = new Redis(toOptions(url));
    this.#client.on('ready', () => void this.#markAvailable());
    this.#client.on('error', (error) => this.#markUnavailable(error));
    this.#client.on('close', () => this.#markUnavailable(null));
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Call it before {@link open}. */
  onConnect(hook: ConnectHook): void {
    this.#connectHook = hook;
  }

  /** Runs the connect hook once more before Redis counts as available, if it is running. */
  repeatHook(): void {
    this.#repeats += 1;
  }

  /** Resolves when Redis is available or found unavailable, after three seconds at most. Never rejects. */
  async open(): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#settle = resolve));
    this.#client.connect().catch(() => undefined);
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS).unref();
    await settled;
  }

  /** Closes the connection without waiting for replies. */
  close(): void {
    this.#state = 'closed';
    this.#settle();
    if (this.#timer) clearInterval(this.#timer);
    this.#client.disconnect();
  }

  /** Builds a key of this service. The parts must not contain a colon or text from a request. */
  key(...parts: readonly string[]): string {
    return [this.#prefix, ...parts].join(':');
  }

  /** The replies of the commands, in order; null if Redis is unavailable or just became so. Never rejects. */
  pipeline(commands: (pipeline: ChainableCommander) => ChainableCommander): Promise<readonly unknown[] | null> {
    return this.run(async (client) => {
      const replies = (await commands(client.pipeline()).exec()) ?? [];
      return replies.map(([error, reply]) => {
        if (error) throw error;
        return reply;
      });
    });
  }

  /** Like {@link pipeline}, for a function that sends its own commands. If it rejects, Redis counts as unavailable. */
  async run<T extends object | number>(run: (client: Redis) => Promise<T>): Promise<T | null> {
    if (this.#state !== 'up') return null;
    try {
      return await withIdleTimeout(this.#client, run(this.#client));
    } catch (error) {
      this.#markUnavailable(error);
      return null;
    }
  }

  async #markAvailable(): Promise<void> {
    try {
      let repeats: number;
      do {
        repeats = this.#repeats;
        await withIdleTimeout(this.#client, this.#connectHook(this.#client, this.#state === 'unavailable'));
      } while (repeats !== this.#repeats);
    } catch (error) {
      this.#markUnavailable(error);
      return;
    }
    if (this.#state === 'closed') return;
    const wasUnavailable = this.#state === 'unavailable';
    this.#state = 'up';
    this.#settle();
    if (wasUnavailable) this.#onChange(null);
  }

  #markUnavailable(error: unknown): void {
    if (this.#state === 'unavailable' || this.#state === 'closed') return;
    this.#state = 'unavailable';
    this.#settle();
    this.#onChange(errorLabel(error));
  }

  #check(): void {
    if (this.#client.status !== 'ready') return;
    if (this.#state === 'up') void this.pipeline((pipeline) => pipeline.ping());
    else void this.#markAvailable();
  }
}

function toOptions({ protocol, hostname, port, username, password, pathname }: URL) {
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    db: Number(pathname.slice(1)),
    ...(protocol === 'rediss:' && { tls: {} }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    // With another value a timer would keep the process alive after the connection is closed.
    disconnectTimeout: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** times, MAX_RECONNECT_DELAY_MS),
    // Commands are neither queued while Redis is unavailable nor sent twice.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The connect hook checks availability. The library's own check needs INFO and warns on the console.
    enableReadyCheck: false,
  } satisfies RedisOptions;
}

class NoReplyError extends Error {
  readonly code = 'NO_REPLY';
}

/**
 * Rejects if Redis sends nothing for too long. Any bytes reset the time-out, because large replies take longer. The check
 * runs after pending I/O, so that data which arrived while this process was busy counts.
 */
function withIdleTimeout<T>(client: Redis, reply: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytesSeen = client.stream.bytesRead;
    const check = () => {
      const { bytesRead } = client.stream;
      if (bytesRead === bytesSeen) reject(new NoReplyError());
      else timer = setTimeout(checkAfterIo, REPLY_TIMEOUT_MS);
      bytesSeen = bytesRead;
    };
    const checkAfterIo = () => setImmediate(check);
    let timer = setTimeout(checkAfterIo, REPLY_TIMEOUT_MS);
    void reply.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

/** An error code such as `ECONNREFUSED`, or the prefix of a Redis error (`NOAUTH`, `OOM`), whose text is not logged. */
function errorLabel(error: unknown): string {
  const word = error instanceof Error ? /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] : undefined;
  return errorCode(error) ?? word ?? 'CONNECTION_LOST';
}
