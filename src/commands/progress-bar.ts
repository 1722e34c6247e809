/** Shows how far a command is on stderr: a bar on a terminal, and one line at the end of each part elsewhere. */

const WIDTH = 30;
const REDRAW_MS = 100;

/** `total` is null while it is not known how many there are. */
export function startProgress(noun: string, total: number | null) {
  const { stderr } = process;
  let done = 0;
  let drawnAt = 0;
  const toText = (): string => {
    if (total === null) return `${noun}: ${done}`;
    const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH);
    return `${noun}: [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${done}/${total}`;
  };
  return {
    advance(): void {
      done += 1;
      const now = Date.now();
      if (!stderr.isTTY || now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      stderr.write(`\r\x1b[K${toText()}`);
    },
    end(): void {
      stderr.write(`${stderr.isTTY ? '\r\x1b[K' : ''}${toText()}\n`);
    },
  };
}
