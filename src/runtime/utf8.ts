/** Strict UTF-8 decoding: invalid bytes are an error of the sender and are never replaced by U+FFFD. */

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text without a leading byte order mark; null if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
