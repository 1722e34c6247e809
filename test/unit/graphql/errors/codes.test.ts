import { describe, expect, test } from '@jest/globals';
import { errorCodes, isErrorCode } from '../../../../src/graphql/errors/codes.ts';

describe('the registry of error codes', () => {
  test('has exactly the codes of the contract', () => {
    expect(Object.keys(errorCodes).sort()).toEqual([
      'BAD_REQUEST',
      'BAD_USER_INPUT',
      'CONFLICT',
      'FORBIDDEN',
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'INTERNAL_SERVER_ERROR',
      'OPERATION_RESOLUTION_FAILURE',
      'OUTCOME_UNKNOWN',
      'OVERLOADED',
      'PERSISTED_QUERY_NOT_FOUND',
      'QUOTA_EXCEEDED',
      'RATE_LIMITED',
      'UNAUTHENTICATED',
      'UNSUPPORTED_BY_UPSTREAM',
      'UPSTREAM_BAD_RESPONSE',
      'UPSTREAM_TIMEOUT',
      'UPSTREAM_UNAVAILABLE',
    ]);
  });

  test('has a description, a message and an error status for every code', () => {
    for (const { description, message, httpStatus } of Object.values(errorCodes)) {
      expect(description).toMatch(/\.$/);
      expect(message).not.toBe('');
      expect(httpStatus).toBeGreaterThanOrEqual(400);
    }
  });

  test('recognizes its codes only', () => {
    expect(isErrorCode('CONFLICT')).toBe(true);
    for (const value of ['toString', '__proto__', 'NOT_FOUND', '', null, 400]) expect(isErrorCode(value)).toBe(false);
  });
});
