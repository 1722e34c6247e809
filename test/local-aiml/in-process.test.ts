import { expect, test } from '@jest/globals';
import type { LocalAiml } from '../../src/local-aiml/server.ts';
import { call, startHere } from './support.ts';

type Method = 'GET' | 'POST' | 'DELETE';

const KEY = 'key-1';

/** Sends a request without HTTP. */
function handle(localAiml: LocalAiml, request: string, body: unknown = null, headers: Record<string, string> = {}) {
  const [method, path = ''] = request.split(' ');
  return localAiml.handle({
    method: method as Method,
    path,
    body,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
  });
}

/** Ids and times, and the id of the request, differ from request to request. */
const withoutIds = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, item: unknown) =>
      ['created_at', 'completed_at', 'expires_at', 'requestId', 'timestamp'].includes(name) ? null : item,
    ).replaceAll(/(asst|thread|msg|run|vs)_\w+/g, '$1_'),
  );

const parameters = JSON.parse('{"__proto__":{"a":1},"z":[1.5,-0,"\\ud800",null],"a":{}}') as object;
const tools = [{ type: 'function', function: { name: 'f', parameters } }];

test.each<[string, unknown?]>([
  ['POST /assistants', { model: 'm', name: 'n', tools, metadata: { a: 'b' } }],
  ['POST /assistants', { model: 'm', tool_resources: { file_search: { vector_stores: [{ file_ids: ['file-1'] }] } } }],
  ['POST /assistants', { model: 'm', temperature: 3 }],
  ['POST /assistants', { model: 'm', unknown: 1 }],
  ['POST /assistants', {}],
  ['POST /assistants', null],
  ['POST /assistants/ASSISTANT', { name: null, tools }],
  ['POST /assistants/asst_unknown', { name: 'n' }],
  ['GET /assistants/ASSISTANT'],
  ['GET /assistants/asst_unknown'],
  ['GET /assistants?limit=1&order=asc'],
  ['GET /assistants?limit=1000'],
  ['GET /assistants?after=asst_unknown'],
  ['POST /threads'],
  ['POST /threads', { messages: [{ role: 'user', content: 'hello' }] }],
  ['POST /threads/THREAD/messages', { role: 'user', content: [{ type: 'text', text: '\ud83d\ude00' }] }],
  ['GET /threads/THREAD/messages?limit=100&order=desc'],
  ['GET /threads/wrong/messages'],
  ['POST /threads/THREAD', { metadata: { a: '1' } }],
  ['POST /threads/runs', { assistant_id: 'ASSISTANT', thread: { messages: [{ role: 'user', content: 'hello' }] } }],
  ['GET /threads/THREAD/runs'],
  ['GET /models'],
  ['GET /v1/models'],
  ['DELETE /threads/thread_unknown'],
  ['DELETE /threads'],
  ['GET /unknown'],
])('A request without HTTP has the response of the same request over HTTP: %s %j', async (request, body) => {
  const localAiml = await startHere();
  const idOf = async (path: string, content: object) =>
    String((await call(localAiml.url, `POST ${path}`, { body: content })).body['id']);
  const assistantId = await idOf('/assistants', { model: 'm', tools });
  const threadId = await idOf('/threads', { messages: [{ role: 'user', content: 'hello' }] });
  const fill = (text: string) => text.replace('ASSISTANT', assistantId).replace('THREAD', threadId);
  const content: unknown = body && JSON.parse(fill(JSON.stringify(body)));

  const overHttp = await call(localAiml.url, fill(request), { body: content });
  const inProcess = await handle(localAiml, fill(request), content ?? null);

  expect(inProcess.status).toBe(overHttp.status);
  expect(withoutIds(inProcess.value)).toEqual(withoutIds(overHttp.body));
  expect(inProcess.headers['x-request-id']).toMatch(/^[\w-]{36}$/);
  expect(inProcess.headers['allow'] ?? null).toBe(overHttp.headers.get('allow'));
});

test('A request without HTTP and with another key than that of the service is unauthenticated', async () => {
  const localAiml = await startHere({ callers: 'service' });
  expect(await handle(localAiml, 'POST /assistants', { model: 'm' })).toMatchObject({ status: 401 });
  const headers = { authorization: `Bearer ${localAiml.serviceKey}` };
  expect(await handle(localAiml, 'POST /assistants', { model: 'm' }, headers)).toMatchObject({ status: 201 });
});

test('An idempotency key holds for requests over HTTP and without it', async () => {
  const localAiml = await startHere();
  const headers = { 'idempotency-key': 'once' };
  const body = { model: 'm', tools };
  const overHttp = await call(localAiml.url, 'POST /assistants', { body, headers });
  const repeated = await handle(localAiml, 'POST /assistants', body, headers);
  expect(repeated).toMatchObject({ status: 201, value: { id: overHttp.body['id'] } });
  expect(await handle(localAiml, 'POST /assistants', { model: 'other' }, headers)).toMatchObject({
    status: 409,
    headers: { 'x-should-retry': 'false' },
  });
});

test('A request without HTTP and a key is not what a later retry of the same request finds', async () => {
  const localAiml = await startHere();
  const { value } = await handle(localAiml, 'POST /threads', null);
  const retry = await call(localAiml.url, 'POST /threads', { headers: { 'x-stainless-retry-count': '1' } });
  expect(retry.status).toBe(200);
  expect(retry.body['id']).not.toBe((value as { readonly id: string }).id);
});
