// Regular expressions see text of callers and of upstream. One that tries each start anew takes time with the square of
// the length.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const SRC = 'src';

/** All regular expression literals of the source, with the file of each. */
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
/** Repeats its first character without end, and goes on after it: only a lookbehind or `^` bounds where that may start. */
const BEGINS_UNBOUNDED = new RegExp(`^${ONE}(?:[*+]|\\{\\d+,\\})\\??(?!$|\\||${ONE}\\*)`);

const patterns = findPatterns();

test('no regular expression begins with an unbounded repetition that has to be followed by something', () => {
  expect(patterns.length).toBeGreaterThan(50);
  expect(patterns.filter(({ source }) => BEGINS_UNBOUNDED.test(source))).toEqual([]);
});

test('no regular expression repeats a repetition', () => {
  const nested = /\((?:\?:)?[^()]*(?<!\\)[*+]\)[*+]/;
  expect(patterns.filter(({ source }) => nested.test(source))).toEqual([]);
});
