/** Parses error bodies of the AIML API, in all forms that its versions use. */
import { decodeUtf8 } from '../runtime/utf8.ts';
import { MAX_MESSAGE_LENGTH } from '../runtime/sanitize-reason.ts';

/** Larger bodies are ignored, in bytes. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;
/** The maximum nesting of errors as JSON inside messages. */
const MAX_NESTING = 4;

export interface UpstreamErrorBody {
  /** The innermost message, unchanged. It may contain secrets: sanitize it before it leaves the service. */
  readonly message: string | null;
  /** Upstream's name of the invalid parameter. */
  readonly param: string | null;
  readonly code: string | null;
  readonly requestId: string | null;
}

const NOTHING: UpstreamErrorBody = { message: null, param: null, code: null, requestId: null };

/** Never throws. */
export function parseErrorBody(body: Buffer): UpstreamErrorBody {
  if (body.length === 0 || body.length > MAX_ERROR_BODY_BYTES) return NOTHING;
  const text = decodeUtf8(body);
  return (text === null ? null : readText(text, MAX_NESTING)) ?? NOTHING;
}

function readText(text: string, nesting: number): UpstreamErrorBody | null {
  try {
    return readValue(JSON.parse(text), nesting);
  } catch {
    return null;
  }
}

function readValue(value: unknown, nesting: number): UpstreamErrorBody | null {
  if (typeof value !== 'object' || value === null || nesting === 0) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const inner = readValue(fields['error'], nesting - 1);
  const message = text(fields['message']) ?? text(fields['error']);
  const nested = message === null ? null : readNestedJson(message, nesting - 1);
  return {
    message: nested?.message ?? message ?? inner?.message ?? null,
    param: text(fields['param']) ?? nested?.param ?? inner?.param ?? null,
    code: text(fields['code']) ?? nested?.code ?? inner?.code ?? text(fields['type']),
    requestId: text(fields['requestId']),
  };
}

/** Parses a message that contains another error: `400 {"type":"error",…}`. */
function readNestedJson(message: string, nesting: number): UpstreamErrorBody | null {
  const start = message.indexOf('{');
  return start === -1 ? null : readText(message.slice(start), nesting);
}

function text(value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
    return value.join('; ');
  return null;
}

/** Whether a 402, 403 or 429 means that the account is out of credits. */
export function isQuotaError({ code, message }: UpstreamErrorBody): boolean {
  return (
    code === 'insufficient_quota' ||
    /\b(?:credits?|balance|billing|quota)\b/i.test((message ?? '').slice(0, MAX_MESSAGE_LENGTH))
  );
}
