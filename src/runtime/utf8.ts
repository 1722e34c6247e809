/** Strict UTF-8 decoding: invalid bytes are an error of the sender and are never replaced by U+FFFD. */
import { isAscii, isUtf8, transcode } from 'node:buffer';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Longer text is converted as ASCII, or to UTF-16: both take half of the time of TextDecoder or less. */
const MIN_CONVERTED_BYTES = 16 * 1024;

const BYTE_ORDER_MARK = '\uFEFF';

/** The text without a leading byte order mark; null if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | null {
  if (bytes.length >= MIN_CONVERTED_BYTES) return isAscii(bytes) ? bytes.toString('latin1') : transcodeUtf8(bytes);
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function transcodeUtf8(bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null;
  const text = transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}
