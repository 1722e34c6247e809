import { expect, test } from '@jest/globals';
import type { ContextUnit } from '../../../src/local-aiml/engine/context/context-units.ts';
import { estimateTokens, TokenEstimates } from '../../../src/local-aiml/engine/context/token-estimate.ts';
import { truncate } from '../../../src/local-aiml/engine/context/truncation.ts';

const unit = (id: string, options: Partial<ContextUnit> = {}): ContextUnit => ({
  id,
  messages: [{ role: 'user', content: id }],
  tokens: 10,
  bytes: 40,
  kind: 'message',
  isFromUser: true,
  isOwn: false,
  runId: null,
  ...options,
});
const AUTO = { type: 'auto', last_messages: null } as const;
const idsOf = (units: readonly ContextUnit[]): string => units.map(({ id }) => id).join('');

test('auto omits units from the middle', () => {
  const units = ['a', 'b', 'c', 'd', 'e'].map((id) => unit(id));
  expect(idsOf(truncate(units, AUTO, 50).units)).toBe('abcde');
  expect(idsOf(truncate(units, AUTO, 49).units)).toBe('acde');
  expect(idsOf(truncate(units, AUTO, 30).units)).toBe('ade');
  expect(idsOf(truncate(units, AUTO, 20).units)).toBe('ae');
});

test('The newest message and the units of the run itself are always kept', () => {
  const own = { kind: 'tool_calls', isFromUser: false, isOwn: true, runId: 'run' } as const;
  const units = [unit('a'), unit('b'), unit('c'), unit('x', own), unit('y', own)];
  const truncated = truncate(units, AUTO, 5);
  expect(idsOf(truncated.units)).toBe('cxy');
  expect(truncated).toMatchObject({ isOverLimit: true, canShrink: false });
});

test('Calls and their outputs are omitted together', () => {
  const calls = unit('b', { kind: 'tool_calls', isFromUser: false, tokens: 30 });
  expect(idsOf(truncate([unit('a'), calls, unit('c'), unit('d')], AUTO, 40).units)).toBe('acd');
});

test('last_messages does not count calls or the messages of the run itself', () => {
  const calls = unit('c', { kind: 'tool_calls', isFromUser: false });
  const own = unit('f', { isOwn: true, isFromUser: false });
  const units = [unit('a'), unit('b'), calls, unit('d'), unit('e'), own];
  const last = (count: number) => ({ type: 'last_messages', last_messages: count }) as const;
  expect(idsOf(truncate(units, last(2), 1_000).units)).toBe('def');
  expect(idsOf(truncate(units, last(3), 1_000).units)).toBe('bcdef');
  expect(idsOf(truncate(units, last(99), 1_000).units)).toBe('abcdef');
});

test('Tokens are estimated from characters, and the estimate is corrected by the usage that each model reports', () => {
  expect(estimateTokens('four')).toBe(1);
  expect(estimateTokens('日本語')).toBe(3);
  const estimates = new TokenEstimates();
  for (let call = 0; call < 50; call++) estimates.correct('dense', 1_000, 2_000);
  expect(estimates.toEstimated('dense', 1_000)).toBeCloseTo(500, -1);
  expect(estimates.toEstimated('another', 1_000)).toBe(1_000);
  const before = estimates.contextTokens('dense');
  estimates.learnLimit('dense', 5_000);
  expect(estimates.contextTokens('dense')).toBeLessThan(Math.min(before, 5_000));
});
