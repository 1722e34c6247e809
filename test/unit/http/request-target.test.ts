import { expect, test } from '@jest/globals';
import { queryStringOf } from '../../../src/http/request-target.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

test.each<[string, string | null]>([
  ['/graphql', ''],
  ['/graphql?query={a}', '?query={a}'],
  ['/graphql?query={a}&variables=&x=', '?query=%7Ba%7D&x='],
  ['/graphql?variables=&operationName=&extensions=&query=a', '?query=a'],
  ['/graphql?query=a&%76ariables=', '?query=a'],
  ['/graphql?query=a&variables', '?query=a'],
  ['/graphql?query=a&variables=null&extensions=null', '?query=a'],
  ['/graphql?query=a&operationName=null', '?query=a&operationName=null'],
  ['/graphql?query=a&variables="null"', '?query=a&variables="null"'],
  // Apollo Server rejects repeated parameters.
  ['/graphql?variables=&variables={}', '?variables=&variables={}'],
  ['/graphql?query=', '?query='],
  ['/graphql?query=%C3%AB', '?query=%C3%AB'],
  ['/graphql?query=100%&x=%zz', '?query=100%&x=%zz'],
  ['/graphql?query=100%&x=%C3%AB%', '?query=100%&x=%C3%AB%'],
  [latin1('/graphql?query=ë'), '?query=ë'],
  ['/graphql?query=%EB', null],
  ['/graphql?query=%C3', null],
  ['/graphql?query=%ED%A0%80', null],
  ['/graphql?x=%ff&query=a', null],
  ['/graphql?query=\u00eb', null],
])('the query string of %j becomes %j', (target, search) => {
  expect(queryStringOf(target)).toBe(search);
});
