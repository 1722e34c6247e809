// Regular expressions match text of callers and of upstream. One that retries from each position takes quadratic time.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const SRC = 'src';

/** All regular expression literals of the source, with their files. */
function findPatterns(): { readonly file: string; readonly source: string }[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const tree = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const found: { file: string; source: string }[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node))
        found.push({ file, source: node.text.slice(1, node.text.lastIndexOf('/')) });
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return found;
  });
}

/** One character: a class, an escape or the character itself. */
const ONE = String.raw`(?:\[(?:\\.|[^\]\\])*\]|\\.|[^\\^([])`;
/** An unbounded repetition at the start with something after it. Only a lookbehind or `^` limits where it may start. */
const BEGINS_UNBOUNDED = new RegExp(`^${ONE}(?:[*+]|\\{\\d+,\\})\\??(?!$|\\||${ONE}\\*)`);

const patterns = findPatterns();

test('no regular expression begins with an unbounded repetition that must be followed by something', () => {
  expect(patterns.length).toBeGreaterThan(50);
  expect(patterns.filter(({ source }) => BEGINS_UNBOUNDED.test(source))).toEqual([]);
});

test('no regular expression has a nested repetition', () => {
  const nested = /\((?:\?:)?[^()]*(?<!\\)[*+]\)[*+]/;
  expect(patterns.filter(({ source }) => nested.test(source))).toEqual([]);
});
