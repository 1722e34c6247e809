/** Owns what is removed from foreign text before a caller may see it: keys, URLs, hosts and addresses. */

const MAX_INPUT_CHARS = 2_000;
const MAX_OUTPUT_CHARS = 500;
const REMOVED = '[removed]';

/** Patterns are linear: no nested repetition, and the input is bounded. */
const PATTERNS = [
  /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)]*/gi,
  /\bbearer\s+\S+/gi,
  /\b(?:sk|pk|rk|key|api|org|proj|gsk|xai|hf)[-_][A-Za-z0-9*._-]{6,}/gi,
  /\beyJ[A-Za-z0-9._-]{10,}/g,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g,
  /\[[0-9a-f:]{2,45}\](?::\d{1,5})?/gi,
  /\blocalhost(?::\d{1,5})?\b/gi,
  /\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.(?:com|net|org|io|ai|dev|app|co|cloud|local|internal|lan|test|example|invalid)\b(?::\d{1,5})?[^\s"'<>)]*/gi,
  /\b(?=[A-Za-z_-]{0,63}\d)[A-Za-z0-9_-]{32,}\b/g,
  /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]*\*{3,}[A-Za-z0-9_-]*/g,
];

/** One line of at most 500 characters; '' if nothing is left to say. `secrets` are removed word for word. */
export function sanitize(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, REMOVED);
  clean = clean.slice(0, MAX_INPUT_CHARS);
  for (const pattern of PATTERNS) clean = clean.replace(pattern, REMOVED);
  // Control characters would break log lines and terminals.
  clean = clean.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return clean.length > MAX_OUTPUT_CHARS
    ? `${clean.slice(0, MAX_OUTPUT_CHARS).replace(/[\uD800-\uDBFF]$/, '')}…`
    : clean;
}
