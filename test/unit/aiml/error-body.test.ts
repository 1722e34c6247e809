import { describe, expect, test } from '@jest/globals';
import { parseErrorBody, isQuotaError } from '../../../src/aiml/error-body.ts';

const errorBody = (body: unknown) =>
  parseErrorBody(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8'));

describe('the parser of upstream’s error bodies', () => {
  test.each([
    [{ message: 'No.', path: '/assistants', requestId: 'r-1', statusCode: 400, timestamp: 't' }, 'No.', null],
    [{ message: 'No.', statusCode: '400' }, 'No.', null],
    [{ error: { message: 'No.', type: 'invalid_request_error', param: 'tools[0]', code: null } }, 'No.', 'tools[0]'],
    [{ message: '400 {"type":"error","error":{"message":"No.","param":"top_p"}}' }, 'No.', 'top_p'],
    [{ message: ['first', 'second'] }, 'first; second', null],
    [{ error: 'No.' }, 'No.', null],
    [{ message: 'Body validation error {not json' }, 'Body validation error {not json', null],
    ['<html>', null, null],
    ['', null, null],
    ['[]', null, null],
    ['null', null, null],
  ])('finds the message and the parameter in %j', (body, message, param) => {
    expect(errorBody(body)).toMatchObject({ message, param });
  });

  test('stops at a limit of nested errors', () => {
    let body: unknown = { message: 'deep' };
    for (let level = 0; level < 2000; level += 1) body = { error: body };
    expect(errorBody(body).message).toBeNull();
  });

  test.each([
    [{ code: 'insufficient_quota', message: 'x' }, true],
    [{ error: { code: 'insufficient_quota', message: 'x' } }, true],
    [{ message: 'You have no credits left' }, true],
    [{ message: 'Check your Billing details' }, true],
    [{ message: 'Slow down' }, false],
    [{ message: 'accredited' }, false],
  ])('detects whether %j is a quota error', (body, expected) => {
    expect(isQuotaError(errorBody(body))).toBe(expected);
  });
});
