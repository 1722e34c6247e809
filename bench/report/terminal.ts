/** Tables and progress on a terminal. Output that is not a terminal gets plain text without a line that changes. */
import { styleText } from 'node:util';
import { targetsOf, type Target } from '../targets.ts';
import type { Results } from '../results.ts';
import { tablesOf, type Table } from './tables.ts';

type Format = Parameters<typeof styleText>[0];

const hasColours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (format: Format, text: string): string => (hasColours ? styleText(format, text) : text);

export function print(results: Results): void {
  const upstream = Object.entries(results.upstreamAlone).map(
    ([name, perSecond]) => `${name} ${Math.round(perSecond)}/s`,
  );
  const lines = [
    `${results.date}, ${results.machine}, Node ${results.node}`,
    `medians over ${results.rounds} × ${results.seconds} s, ${results.connections} connections`,
    `the upstream by itself: ${upstream.join(', ')}`,
    ...tablesOf(results).flatMap(toLines),
    ...targetLines(targetsOf(results)),
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

function toLines({ title, head, rows }: Table): string[] {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return ['', paint('bold', title), paint('dim', line(head)), ...rows.map(line)];
}

function targetLines(targets: readonly Target[]): string[] {
  if (targets.length === 0) return [];
  const lines = targets.map(({ kind, text, value, isMet }) => {
    const verdict = isMet ? paint('green', 'met   ') : paint(kind === 'required' ? 'red' : 'yellow', 'missed');
    return `${verdict} ${text}; it is ${value.toFixed(2)}${kind === 'required' ? '' : ` (${kind})`}`;
  });
  return ['', paint('bold', 'Targets of the service'), ...lines];
}

/** The current step, on stderr: one line that changes, or a line for each step if stderr is not a terminal. */
export class Progress {
  readonly #total: number;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  step(text: string): void {
    this.#done += 1;
    const line = `${String(this.#done).padStart(String(this.#total).length)}/${this.#total} ${text}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
