/** Writes the last tables into the section of bench/README.md between two markers. */
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import type { Results } from '../results.ts';
import { targetsOf } from '../targets.ts';
import { tablesOf, type Table } from './tables.ts';

const BEGIN = '<!-- begin: last results -->';
const END = '<!-- end: last results -->';

export async function writeReadme(path: string, results: Results): Promise<void> {
  const text = await readFile(path, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error('bench/README.md has lost its markers');
  const changed = `${text.slice(0, begin + BEGIN.length)}\n${sectionOf(results)}\n${text.slice(end)}`;
  await writeFile(path, await format(changed, { ...(await resolveConfig(path)), filepath: path }));
}

function sectionOf(results: Results): string {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  const settings = Object.entries(results.serviceEnvironment).map(([name, value]) => `\`${name}=${value}\``);
  const upstream = Object.entries(results.upstreamAlone).map(
    ([name, perSecond]) => `${name} ${Math.round(perSecond).toLocaleString('en-US')}`,
  );
  const targets = targetsOf(results).map(
    ({ kind, text, value, isMet }) =>
      `| ${text} | ${value.toFixed(2)} | ${isMet ? 'met' : 'missed'}${kind === 'required' ? '' : ` (${kind})`} |`,
  );
  return [
    `${results.date}, ${results.machine}, Node ${results.node}, ${versions.join(', ')}.`,
    `Medians over ${results.rounds} × ${results.seconds} s, ${results.connections} connections.`,
    `The service with ${settings.length === 0 ? 'its defaults' : settings.join(', ')}.`,
    `The upstream alone, in requests/s: ${upstream.join(', ')}.`,
    ...tablesOf(results).map(toMarkdown),
    `\n### Targets\n\n| target | measured | |\n| --- | --: | --- |\n${targets.join('\n')}\n`,
  ].join('\n');
}

function toMarkdown({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '--:')));
  return `\n### ${title}\n\n${[line(head), rule, ...rows.map(line)].join('\n')}\n`;
}
