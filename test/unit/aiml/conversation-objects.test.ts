// Messages, runs and steps of which upstream sends less, or in another form, than it documents.
import { describe, expect, test } from '@jest/globals';
import { readMessage } from '../../../src/aiml/resources/message.ts';
import { readRunStep } from '../../../src/aiml/resources/run-step.ts';
import { readRun } from '../../../src/aiml/resources/run.ts';
import { wireMessage, wireRun, wireStep } from '../../support/stream-upstream.ts';

const part = (value: object) => readMessage(wireMessage('completed', '', { content: [value] })).content[0];

describe('a part of a message', () => {
  test.each<[string, object, object]>([
    ['a text that is a string', { type: 'text', text: 'Hi' }, { text: 'Hi', annotations: [] }],
    ['a text of null', { type: 'text', text: null }, { text: '', annotations: [] }],
    ['a text without a value', { type: 'text', text: { annotations: null } }, { text: '', annotations: [] }],
    ['a refusal of null', { type: 'refusal', refusal: null }, { refusal: '' }],
    [
      'a citation with its type only',
      { type: 'text', text: { value: 'v', annotations: [{ type: 'file_citation' }] } },
      { annotations: [{ type: 'file_citation', text: '', start_index: 0, end_index: 0, file_id: null }] },
    ],
  ])('may be %s', (_name, sent, read) => {
    expect(part(sent)).toMatchObject(read);
  });
});

test.each([
  ['in_progress', {}],
  ['completed', { completed_at: 1_700_000_000 }],
  ['incomplete', { incomplete_at: 1_700_000_000 }],
])('a message with an unknown status is %s by its times', (status, times) => {
  expect(readMessage(wireMessage('archived', 'x', times)).status).toBe(status);
});

test.each<[unknown, string]>([
  ['{"a":', '{"a":'],
  [{ a: [1, null] }, '{"a":[1,null]}'],
  [null, ''],
  [undefined, ''],
])('the arguments of a function call that upstream sends as %j are text', (sent, text) => {
  const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: sent, output: sent } };
  const action = { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls: [call] } };
  const run = readRun(wireRun('requires_action', { required_action: action }));
  expect(run.required_tool_calls).toEqual([{ id: 'call_1', name: 'f', arguments: text }]);
  const step = readRunStep({ ...wireStep('completed'), step_details: { type: 'tool_calls', tool_calls: [call] } });
  const output = sent === null || sent === undefined ? null : text;
  expect(step.details).toMatchObject({ tool_calls: [{ arguments: text, output }] });
});

test('an error of a run may lack its code and its message, and a truncation its type', () => {
  const run = readRun(wireRun('failed', { last_error: { code: null }, truncation_strategy: {} }));
  expect(run).toMatchObject({ last_error: { code: 'unknown', message: '' }, truncation: { strategy: 'unknown' } });
});

test("limits of a run beyond the range of GraphQL's Int, which other clients may set, are read as its largest", () => {
  const limits = { max_prompt_tokens: 2 ** 31, max_completion_tokens: 1e15 };
  const truncation = { type: 'last_messages', last_messages: 2 ** 53 };
  const max = 2 ** 31 - 1;
  expect(readRun(wireRun('completed', { ...limits, truncation_strategy: truncation }))).toMatchObject({
    max_prompt_tokens: max,
    max_completion_tokens: max,
    truncation: { last_messages: max },
  });
  expect(() => readRun(wireRun('completed', { max_prompt_tokens: 2 ** 31 + 0.5 }))).toThrow(/32 bits/);
});

describe('a step', () => {
  test('of an unknown type may have no details', () => {
    const step = readRunStep({ ...wireStep('completed'), type: 'thinking', step_details: null });
    expect(step.details).toMatchObject({ type: 'unknown', raw: { type: 'thinking' } });
  });

  test('may have calls of built-in tools with nothing but their type', () => {
    const calls = [{ type: 'code_interpreter' }, { type: 'file_search', file_search: { results: [{ file_id: 'f' }] } }];
    const step = readRunStep({ ...wireStep('completed'), step_details: { type: 'tool_calls', tool_calls: calls } });
    expect(step.details).toMatchObject({
      tool_calls: [
        { type: 'code_interpreter', input: '', outputs: [] },
        { type: 'file_search', results: [{ file_id: 'f', file_name: '', score: 0, text: [] }] },
      ],
    });
  });
});
