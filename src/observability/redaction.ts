/**
 * The last check of a finished log entry, in case a secret got into a text. It is a safety net: entries are made of
 * fields that hold no secret.
 */
export const REDACTED = '[redacted]';

/** Shorter ones would redact ordinary words. */
const MIN_SECRET_LENGTH = 8;
const BEARER = /(\bbearer(?:\s|%20|\+)+)[^\s"\\,;&]+/gi;

/** Redacts the given secrets as they are, in base64 and URL-encoded, and whatever follows `Bearer`. */
export function createRedaction(secrets: readonly string[]): (entry: string) => string {
  const forms = new Set(
    secrets
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
      .flatMap((secret) => [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        Buffer.from(secret)
          .toString('base64')
          .replace(/(?<!=)=+$/, ''),
        Buffer.from(secret).toString('base64url'),
      ]),
  );
  return (entry) => {
    let redacted = entry.includes('earer') ? entry.replace(BEARER, `$1${REDACTED}`) : entry;
    for (const form of forms) if (redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    return redacted;
  };
}
