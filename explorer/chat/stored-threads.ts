/** Threads that this browser began, for upstreams that cannot list threads. Ids and titles only, never a credential. */

export interface StoredThread {
  readonly id: string;
  readonly title: string;
  readonly assistantId: string;
}

const KEY = 'chat:threads';
const MAX_THREADS = 50;

export function readStoredThreads(): readonly StoredThread[] {
  try {
    const threads: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(threads) ? threads.filter(isStoredThread) : [];
  } catch {
    return [];
  }
}

export function storeThread(thread: StoredThread): void {
  write([thread, ...readStoredThreads().filter(({ id }) => id !== thread.id)].slice(0, MAX_THREADS));
}

export function forgetThread(id: string): void {
  write(readStoredThreads().filter((thread) => thread.id !== id));
}

function write(threads: readonly StoredThread[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(threads));
  } catch {
    // Without storage the threads are there as long as the page is.
  }
}

const isStoredThread = (value: unknown): value is StoredThread =>
  typeof value === 'object' &&
  value !== null &&
  ['id', 'title', 'assistantId'].every((name) => typeof (value as Record<string, unknown>)[name] === 'string');
