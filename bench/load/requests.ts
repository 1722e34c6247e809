/** The requests of a workload as bytes, each with the text that its response must contain. */
import { PLACEHOLDER, Template } from '../template.ts';
import type { Kind, RestRequest, Workload } from '../workloads.ts';

export type Protocol = 'graphql' | 'rest';

export interface LoadRequest {
  readonly bytes: Buffer;
  readonly mark: string;
}

/** Numbers that no request of this run has used yet. */
export class Numbers {
  #next = 1_000;

  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }
}

export const restOf = (workload: Workload, protocol: Protocol, n: number, path: string): RestRequest =>
  protocol === 'rest'
    ? workload.rest(n)
    : { method: 'POST', target: path, body: { query: workload.document, variables: workload.variables(n) } };

function textOf({ method, target, body }: RestRequest, host: string): string {
  const start = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer bench\r\nAccept: application/json\r\n`;
  if (body === null) return `${start}\r\n`;
  const json = JSON.stringify(body);
  return `${start}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** Returns a function that creates the next request of a workload on each call. */
export function createRequests(
  workload: Workload,
  { kind, protocol, url, numbers }: { kind: Kind; protocol: Protocol; url: URL; numbers: Numbers },
): () => LoadRequest {
  const request = restOf(workload, protocol, PLACEHOLDER, url.pathname);
  const template = new Template(textOf(request, url.host), workload.numbers);
  const make = (n: number): LoadRequest => ({ bytes: template.fill(n), mark: workload.mark(n) });
  if (kind === 'distinct') return () => make(numbers.take(workload.numbers));
  const always = make(numbers.take(workload.numbers));
  return () => always;
}
