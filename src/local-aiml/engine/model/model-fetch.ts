/**
 * The `fetch` that the `openai` package is given, and how its responses are read. Unlike Node's, it has no time-outs, gives
 * the package error bodies in OpenAI's form, and bounds the memory.
 */
import { pipeline, Readable } from 'node:stream';
import { APIError } from 'openai/core/error';
import { Agent, type Dispatcher } from 'undici';
import { createDecoder, toContentCoding } from '../../../runtime/content-coding.ts';
import { createEventStreamReader } from '../../../runtime/event-stream-reader.ts';
import { createProxyAgent, type ProxySettings } from '../../../runtime/proxy.ts';
import { arrayOf, isJsonObject, objectOf, parseJson, type JsonValue } from '../../wire/json.ts';
import { UnreadableResponseError } from './model-error.ts';

const MAX_ERROR_BYTES = 64 * 1024;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** The longest event of a stream. */
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
  const mediaType = mediaTypeOf(headers);
  if (mediaType === 'text/html') {
    discard(body);
    throw new UnreadableResponseError(
      'The model API sent a web page instead of a completion: MODEL_API_BASE_URL does not name an API.',
    );
  }
  // The only call with a body is that of a completion, which is requested as a stream.
  const isStream = mediaType !== 'application/json' && typeof init.body === 'string';
  const content = isStream ? Readable.toWeb(body) : await readText(body, MAX_JSON_BYTES, 'throw');
  return new Response(content, { status: 200, headers });
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

function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
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

/**
 * The pieces of a completion: the events of a stream up to `[DONE]`, or one for the whole response of a server that does not
 * stream. The package would read a stream until its connection closes, and some servers keep it open.
 */
export async function* readPieces(response: Response): AsyncIterable<unknown> {
  if (mediaTypeOf(response.headers) === 'application/json') {
    yield toPiece(await response.text(), response.headers);
    return;
  }
  const readEvents = createEventStreamReader({ maxEventBytes: MAX_EVENT_BYTES, isStrict: false });
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>)
    for (const { data } of readEvents(bytes)) {
      if (data.startsWith('[DONE]')) return;
      yield toPiece(data, response.headers);
    }
}

/** Throws a SyntaxError for what is not JSON, and the error that some servers send as a piece. */
function toPiece(text: string, headers: Headers): unknown {
  const piece = JSON.parse(text) as JsonValue;
  const error = objectOf(piece)?.['error'];
  if (error) throw new APIError(undefined, error, undefined, headers);
  return piece;
}

const mediaTypeOf = (headers: Headers): string =>
  (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
