// Requests that must be rejected before anything is sent upstream.
import { expect } from '@jest/globals';
import type { ScriptedUpstream } from './scripted-upstream.ts';
import type { GraphQLHttpResponse, TestService } from './service.ts';

/** Sends a body as it is. */
export async function sendBody(service: TestService, body: string): Promise<GraphQLHttpResponse> {
  const response = await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    ...(JSON.parse(text) as Pick<GraphQLHttpResponse, 'data' | 'errors'>),
    text,
  };
}

/** The response is a small error with the request id, and nothing was sent upstream. */
export function expectErrorResponse(
  upstream: ScriptedUpstream,
  { status, headers, errors = [], text }: GraphQLHttpResponse,
  code: string | RegExp,
): void {
  expect(errors.length).toBeGreaterThan(0);
  for (const { extensions } of errors) {
    expect(extensions['code']).toEqual(typeof code === 'string' ? code : expect.stringMatching(code));
    expect(extensions['requestId']).toBe(headers.get('x-request-id'));
  }
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(100_000);
  expect(upstream.lines()).toEqual([]);
}
