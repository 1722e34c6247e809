/**
 * Sanitizes the message of an error response from upstream or a model API, before a caller may see it: one line, without URLs, hosts, addresses, file paths and anything that
 * looks like a credential. Names from the request itself remain.
 *
 * Every pattern is linear in its input: quantifiers before a required character are bounded.
 */

/** Longer messages are cut, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 2000;
const MAX_SECRET_LENGTH = 512;
/** The maximum length of a sanitized reason, in Unicode code points. */
const MAX_REASON_LENGTH = 300;
const REMOVED = '[removed]';

export interface ReasonContext {
  /** The API key of the request; '' if it has none. */
  readonly credential: string;
  /** The host of the API, as in `URL.hostname`. */
  readonly hostname: string;
  /** Path and body of the request. Their values may be repeated even if they look random. */
  readonly path: string;
  readonly body: string | null;
}

/** Null if nothing is left. */
export function sanitizeReason(message: string | null, context: ReasonContext): string | null {
  if (message === null) return null;
  let text = cut(message)
    .replace(/\p{Cf}+/gu, '')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  for (const pattern of PATTERNS) text = text.replace(pattern, REMOVED);
  const isSecret = createSecretTest(context);
  text = text
    .replace(WORD, (word) => (isSecret(word) ? REMOVED : word))
    .replace(LONG_NAME, (name) => (looksRandom(name) && !isInRequest(name, context) ? REMOVED : name));
  if (text === '') return null;
  const points = Array.from(text);
  return points.length <= MAX_REASON_LENGTH ? text : `${points.slice(0, MAX_REASON_LENGTH - 1).join('')}…`;
}

/** Whether a word, such as a request id, contains the API key or a part of it, or names the host. */
export const containsSecret = (word: string, context: ReasonContext): boolean => createSecretTest(context)(word);

/** Cuts long messages at a word, because half a secret would not be recognised. */
function cut(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  const start = message.slice(0, MAX_MESSAGE_LENGTH);
  const end = start.lastIndexOf(' ');
  return end < MAX_MESSAGE_LENGTH - MAX_SECRET_LENGTH ? start : start.slice(0, end);
}

/** Top-level domains that are not endings of fields, files or models. */
const TOP_LEVEL =
  'com|net|org|edu|gov|int|io|ai|co|app|dev|cloud|tech|internal|intranet|corp|lan|local|localdomain|localhost|svc|cluster|arpa|example|invalid|test|onion|eu|uk|de|ch|fr|nl|se|es|pl|cz|ru|ua|cn|jp|kr|br|ca|au|xyz';
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,62})';
const HOST_START = '(?<![\\w.-])';

const PATTERNS: readonly RegExp[] = [
  // URLs, with a scheme or without.
  /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/\S*/gi,
  /\b(?:mailto|javascript|file|jdbc|urn|tel):\S+/gi,
  /(?<![\w:/])\/\/\S+/g,
  /\bwww\.\S+/gi,
  // E-mail addresses.
  /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}/g,
  // Hosts: any dotted name with a port, dotted names under a known top-level domain, localhost.
  new RegExp(`${HOST_START}(?:${LABEL}\\.){1,8}${LABEL}:\\d{2,5}\\b`, 'gi'),
  new RegExp(`${HOST_START}(?:${LABEL}\\.){1,8}(?:${TOP_LEVEL})(?![\\w-])(?:\\.(?!\\w))?`, 'gi'),
  new RegExp(`${HOST_START}localhost(?::\\d{1,5})?(?![\\w-])`, 'gi'),
  // Addresses.
  /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.]\d)/g,
  /\[(?=[^\]]{0,60}:)[0-9a-f:.]{2,60}(?:%\w{1,20})?\](?::\d{1,5})?/gi,
  /(?<![\w:])(?:[0-9a-f]{0,4}:){7}[0-9a-f]{0,4}(?![\w:])/gi,
  /(?<![\w:])(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{0,4}::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{0,4}(?:%\w{1,20})?(?![\w:])/gi,
  // File paths.
  /(?<![\w./-])(?:~|\.{1,2})?\/[\w.@+-]{1,255}\/[^\s()'"]*/g,
  /(?<!\w)[a-z]:\\[^\s()'"]*/gi,
  /\\\\[\w.-]+\\\S*/g,
  // Credentials after a scheme, after a header's name, and as the value of something with a telling name.
  /\b(?:bearer|basic)\s{1,4}(?!\[removed\])\S+/gi,
  /\bx-api-key\b["']?\s{0,4}[:=]?\s{0,4}\S+/gi,
  /["']?(?<![\w-])(?:[\w-]{0,40}[_-])?(?:api[_-]?key|key|token|secret|password|passwd|passphrase|pass|pwd|auth|authorization|credentials?|cookie|session(?:[_-]?id)?|signature|sig)["']?\s{0,4}=\s{0,4}(?!\[removed\])\S+/gi,
  /["']?(?<![\w-])(?:[\w-]{0,40}[_-])?(?:api[_-]?key|token|secret|password|passwd|passphrase|pass|pwd|auth|authorization|credentials?|cookie|set-cookie|signature)["']?\s{0,4}:\s{0,4}(?!\[removed\]|bearer\b|basic\b)\S+/gi,
  // Well-known forms of keys.
  /(?<![\w-])(?:sk|pk|rk)[-_]\S+/g,
  /(?<!\w)(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|hf_|npm_|pypi-|AIza|AKIA|ASIA|ya29\.)[\w-]{4,}\S*/g,
  /(?<![\w-])eyJ[\w-]*\.\S*/g,
  // A key that is shown in part.
  /(?<![\w+/=~.-])[\w+/=~.-]*\*{3,}\S*/g,
  // Percent-encoded text.
  /(?<![\w+/=~.-])[\w+/=~.-]*%[0-9a-f]{2}\S*/gi,
];

const WORD = /[^\s"'`,;()<>{}[\]]+/g;
/** The shortest part of a key that is recognised. */
const MIN_PIECE_LENGTH = 6;

/** Whether a word contains upstream's host, or the key, its beginning or its end, in any case or in base64. */
function createSecretTest({ credential, hostname }: ReasonContext): (word: string) => boolean {
  const encoded = Buffer.from(credential)
    .toString('base64')
    .replace(/(?<!=)=+$/, '');
  const pieces = [credential, encoded]
    .filter((form) => form.length >= MIN_PIECE_LENGTH)
    .flatMap((form) => [form.slice(0, MIN_PIECE_LENGTH), form.slice(-MIN_PIECE_LENGTH)])
    .map((piece) => piece.toLowerCase());
  const whole = [credential, hostname, hostname.replace(/^\[|\]$/g, '')]
    .filter((form) => form !== '')
    .map((form) => form.toLowerCase());
  const host = hostname.includes('.') || hostname.includes(':') ? hostname.toLowerCase() : null;
  return (word) => {
    const lower = word.toLowerCase();
    const parts = lower.split(/[/@=?&|]/).map((part) => part.replace(/[.:!?]$/, '').replace(/:\d{1,5}$/, ''));
    return (
      parts.some((part) => whole.includes(part)) ||
      whole.includes(lower) ||
      (host !== null && lower.includes(host)) ||
      pieces.some((piece) => lower.includes(piece))
    );
  };
}

const LONG_NAME = /(?<![\w+/=~.-])[\w+/=~.-]{16,}/g;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MIN_CHANGES = 5;
const MIN_CHANGES_IN_WORD = 3;

/**
 * Whether it looks like a key and not like a name. Within a word, names rarely change between letters and digits, even
 * those of models with dates and versions (`gpt-4o-mini-2024-07-18`). Random text does often.
 */
function looksRandom(name: string): boolean {
  const core = name.replace(/(?<![.=~/])[.=~/]+$/, '');
  if (UUID.test(core) || (name.endsWith('=') && core.length >= 16)) return true;
  const words = core.split(/[-_./~+=]/);
  if (words.some((word) => /^[0-9a-f]{24,}$/i.test(word) || /^\d{20,}$/.test(word))) return true;
  if (core.length < 20) return false;
  const changes = words.map((word) => word.match(/\d(?=[a-z])|[a-z](?=\d)/gi)?.length ?? 0);
  return (
    changes.reduce((sum, count) => sum + count, 0) >= MIN_CHANGES ||
    changes.some((count, index) => count >= MIN_CHANGES_IN_WORD && (words[index]?.length ?? 0) >= 20)
  );
}

/** Whether it is a whole value or member name in the request. */
function isInRequest(name: string, { path, body }: ReasonContext): boolean {
  const core = name.replace(/(?<!\.)\.+$/, '');
  return path.split(/[/?&=]/).includes(core) || (body?.includes(JSON.stringify(core)) ?? false);
}
