/** Every child of the bench reports its URL in one line, in the form of the service's own log entry. */
export const announce = (url: string): void => {
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`);
};
