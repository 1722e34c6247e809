/** Owns the error with which the embedded AIML API says why it does not start. */

/** The message is one line for the person at the terminal: what is wrong and which setting to change; no values. */
export class LocalAimlStartError extends Error {
  override readonly name = 'LocalAimlStartError';
}
