/** How every child of the bench tells where it listens: one line, in the form of the service's own. */
export const announce = (url: string): void => {
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`);
};
