/** The address could not be opened. The message is one line for people and holds no value of a setting. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
