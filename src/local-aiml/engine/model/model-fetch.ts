/**
 * The `fetch` that the `openai` package is given. Unlike Node's, it has no time-outs, gives the package error bodies in
 * OpenAI's form, turns a completion that was not streamed into a stream, ends a stream at `[DONE]`, and bounds the memory.
 */
import { pipeline, type Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { createDecoder, toContentCoding } from '../../../runtime/content-coding.ts';
import { createProxyAgent, type ProxySettings } from '../../../runtime/proxy.ts';
import { arrayOf, isJsonObject, objectOf, parseJson, type JsonValue } from '../../wire/json.ts';
import { UnreadableResponseError } from './model-error.ts';

const MAX_ERROR_BYTES = 64 * 1024;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** The longest event of a stream. The package copies what it holds with each piece that arrives. */
const MAX_EVENT_BYTES = 1024 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than the idle time-outs of common load balancers, so that a connection is seldom closed under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 20_000;

export interface ModelFetch {
  readonly fetch: typeof fetch;
  /** Closes the idle connections. Does not throw. */
  close(): Promise<void>;
}

export function createModelFetch(proxies: ProxySettings | null): ModelFetch {
  // Silence is the watchdog's affair: a reasoning model may think longer than any time-out of a connection pool.
  const options = {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  const agent = proxies ? createProxyAgent(proxies, options) : new Agent(options);
  return {
    fetch: (url, init) => fetchModel(agent, url, init ?? {}),
    close: () => agent.destroy(),
  };
}

async function fetchModel(agent: Dispatcher, url: string | URL | Request, init: RequestInit): Promise<Response> {
  const { origin, pathname, search } = new URL(url instanceof Request ? url.url : url);
  const request = agent.request({
    origin,
    path: pathname + search,
    method: init.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init.headers).entries()),
    body: typeof init.body === 'string' ? init.body : null,
    signal: init.signal ?? null,
  });
  // As `fetch` does it: the package keeps the causes of an error, not its code.
  const response = await request.catch((error: unknown) => {
    throw init.signal?.aborted ? error : new TypeError('fetch failed', { cause: error });
  });
  const headers = toHeaders(response.headers);
  const { statusCode } = response;
  const body = decode(response);
  if (statusCode < 200 || statusCode >= 300) {
    const error = toErrorBody(await readText(body, MAX_ERROR_BYTES, 'cut'));
    headers.set('content-type', 'application/json');
    return new Response(error, { status: Math.max(statusCode, 300), headers });
  }
  const mediaType = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  // The only call with a body is that of a completion, which is always wanted as a stream.
  const isStreamWanted = typeof init.body === 'string';
  if (mediaType === 'text/html') {
    discard(body);
    throw new UnreadableResponseError(
      'The model API sent a web page instead of a completion: MODEL_API_BASE_URL does not name an API.',
    );
  }
  if (mediaType !== 'application/json')
    return isStreamWanted
      ? new Response(toStream(body), { status: 200, headers })
      : new Response(await readText(body, MAX_JSON_BYTES, 'throw'), { status: 200, headers });
  const text = await readText(body, MAX_JSON_BYTES, 'throw');
  if (!isStreamWanted) return new Response(text, { status: 200, headers });
  headers.set('content-type', 'text/event-stream');
  return new Response(`data: ${toOneLine(text)}\n\ndata: [DONE]\n\n`, { status: 200, headers });
}

/** No coding is asked for, but a server or a proxy may send one. */
function decode({ headers, body }: Dispatcher.ResponseData): Readable {
  const header = headers['content-encoding'];
  const coding = toContentCoding(Array.isArray(header) ? header.join() : header);
  if (coding === null) {
    discard(body);
    throw new UnreadableResponseError('The model API compressed its response in a way that is not supported.');
  }
  const decoder = createDecoder(coding);
  return decoder === null ? body : pipeline(body, decoder, () => undefined);
}

/** The body is handed on decoded, and in another length. */
const CODING_HEADERS: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'transfer-encoding']);

function toHeaders(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || CODING_HEADERS.has(name)) continue;
    for (const item of Array.isArray(value) ? value : [value]) headers.append(name, item);
  }
  return headers;
}

async function readText(body: AsyncIterable<Buffer>, maxBytes: number, ifLonger: 'cut' | 'throw'): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= maxBytes) continue;
    if (ifLonger === 'cut') break;
    throw new UnreadableResponseError('The response of the model API is too large.');
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}

/** JSON on one line, as `data:` needs it. Text that is not JSON stays what it is and fails where it is read. */
function toOneLine(text: string): string {
  const value = parseJson(text);
  return value === undefined ? text.replace(/[\r\n]+/g, ' ') : JSON.stringify(value);
}

/** The error body in OpenAI's form. `details` has the whole text: parameters may be named anywhere in it. */
function toErrorBody(text: string): string {
  const parsed = parseJson(text);
  // Google's compatible endpoint wraps its errors in an array.
  const body = objectOf(arrayOf(parsed)?.[0] ?? parsed);
  if (!body) return JSON.stringify({ error: { message: '', details: '' } });
  const { error: inner } = body;
  const from = objectOf(inner) ?? body;
  const textOrNull = (value: JsonValue | undefined) => (typeof value === 'string' ? value : null);
  return JSON.stringify({
    error: {
      message: firstText(from['message'], inner, from['detail']),
      code: from['code'] ?? null,
      param: textOrNull(from['param']),
      type: textOrNull(from['type']),
      requestId: textOrNull(body['requestId']),
      details: text.slice(0, 4_000),
    },
  });
}

/** NestJS, FastAPI and others send lists of texts or of objects with a text. */
function firstText(...candidates: readonly (JsonValue | undefined)[]): string {
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate !== '') return candidate;
    const texts = arrayOf(candidate)?.map((item) => (isJsonObject(item) ? item['msg'] : item)) ?? [];
    const joined = texts.filter((text): text is string => typeof text === 'string' && text !== '').join('; ');
    if (joined !== '') return joined;
  }
  return '';
}

const DONE = Buffer.from('data: [DONE]');
const DONE_TIGHT = Buffer.from('data:[DONE]');
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The stream up to and with `[DONE]`: the package reads on until the connection closes, and some servers keep it open.
 * Inside of JSON a line cannot begin with `data:`, so the text of a completion is never taken for the end.
 */
function toStream(body: Readable): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let tail: Buffer = Buffer.alloc(0);
  let eventBytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) {
        controller.close();
        return;
      }
      const lastLine = value.lastIndexOf(LINE_FEED);
      eventBytes = lastLine === -1 ? eventBytes + value.length : value.length - lastLine;
      if (eventBytes > MAX_EVENT_BYTES) throw new UnreadableResponseError('A piece of the model API is too large.');
      const seen = tail.length === 0 ? value : Buffer.concat([tail, value]);
      if (hasDone(seen, tail.length === 0)) {
        controller.enqueue(value);
        // Whatever cut the event behind `[DONE]`, it ends here.
        controller.enqueue(Buffer.from('\n\n'));
        controller.close();
        discard(body);
        return;
      }
      tail = seen.subarray(Math.max(0, seen.length - DONE.length - 1));
      controller.enqueue(value);
    },
    // Not by the iterator: it would wait for the piece that is being read.
    cancel: () => discard(body),
  });
}

function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

function hasDone(bytes: Buffer, isStart: boolean): boolean {
  return [DONE, DONE_TIGHT].some((mark) => {
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      const before = at === 0 ? undefined : bytes[at - 1];
      if (before === LINE_FEED || before === CARRIAGE_RETURN || (at === 0 && isStart)) return true;
    }
    return false;
  });
}
