import { describe, expect, test } from '@jest/globals';
import { chooseContentType, hasUnsupportedCharset } from '../../../src/http/content-negotiation.ts';

const [JSON_TYPE, GRAPHQL_TYPE] = ['application/json', 'application/graphql-response+json'];

describe('the media type of a response', () => {
  test.each<[string | undefined, string | null]>([
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    [' , ', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['*/*; charset=utf-8', JSON_TYPE],
    ['application/json; charset=utf-8', JSON_TYPE],
    ['application/json;charset=UTF-8', JSON_TYPE],
    ['application/json;charset="utf-8"', JSON_TYPE],
    ['APPLICATION/JSON ; CHARSET = "UTF-8" ', JSON_TYPE],
    ['application/json;odata=verbose;version="1,2;3"', JSON_TYPE],
    ['application/graphql-response+json', GRAPHQL_TYPE],
    ['application/graphql-response+json; charset=utf-8', GRAPHQL_TYPE],
    ['application/graphql-response+json; charset=utf-8, application/json; charset=utf-8', GRAPHQL_TYPE],
    ['application/json; charset=utf-8, application/graphql-response+json; charset=utf-8', JSON_TYPE],
    ['application/json;charset=utf-8;q=0.5, application/graphql-response+json;q=0.9;charset=utf-8', GRAPHQL_TYPE],
    ['application/json; q=0.5; charset=utf-8, text/html; q=0.9', JSON_TYPE],
    ['application/json;Q=0, application/graphql-response+json;q=0.1', GRAPHQL_TYPE],
    ['text/html;x=", application/json", application/graphql-response+json', GRAPHQL_TYPE],
    ['text/html, application/xhtml+xml, */*;q=0.8', JSON_TYPE],
    ['text/html', null],
    ['text/html; charset=utf-8', null],
    ['application/json;q=x', JSON_TYPE],
    ['application/json;q=, application/graphql-response+json;q=0.9', JSON_TYPE],
    ['application/json;q=-1', JSON_TYPE],
    ['application/json;q=1, application/graphql-response+json;q=2', JSON_TYPE],
    ['application/json;q=0.5, application/graphql-response+json;q=.6', GRAPHQL_TYPE],
    ['application/json;q=0', null],
    ['application/json;q=0.000', null],
    ['application/json;charset=utf-8;q=0', null],
    ['*/*;q=0', null],
    ['__proto__/constructor', null],
    ['nonsense', null],
  ])('for Accept %j is %j', (accept, type) => {
    const expected = type && `${type}; charset=utf-8`;
    expect(chooseContentType(accept)).toBe(expected);
    // The second result comes from the cache.
    expect(chooseContentType(accept)).toBe(expected);
  });

  test('quotes do not end a range', () => {
    const accept = `${'text/html;q=0.1;c="\\",;",'.repeat(500)}application/json`;
    expect(chooseContentType(accept)).toContain(JSON_TYPE);
  });
});

test.each([
  ['application/json', false],
  ['application/json;', false],
  ['application/json; charset=utf-8', false],
  ['application/json;charset=UTF8', false],
  ['application/json; Charset="Utf-8"', false],
  ['application/json; charset=us-ascii', false],
  ['application/json; charset=', false],
  ['application/json; x="; charset=latin1"', false],
  ['application/json; charset=iso-8859-1', true],
  ['application/json; charset="windows-1252"', true],
  ['application/json; x=1; CHARSET=GBK', true],
  ['application/json; charset=utf-16', true],
  ['application/json; charset=constructor', true],
])('Content-Type %j has an unsupported charset: %j', (header, isUnsupported) => {
  expect(hasUnsupportedCharset(header)).toBe(isUnsupported);
});
