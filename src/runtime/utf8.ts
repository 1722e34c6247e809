/** The one way from bytes to text: what is not UTF-8 is an error of its sender, never replaced by U+FFFD. */

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text without a byte order mark at its start; null where the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
