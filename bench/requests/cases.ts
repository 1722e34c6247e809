/** The most expensive requests that were found. Each is made anew for every round, with names that were not sent before. */
import { gzipSync } from 'node:zlib';

export interface RequestBody {
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `threadId` is a thread whose messages have 8 MB of text. */
export type RequestCase = (round: number, threadId: string) => RequestBody;

/** The limits of a request body that the cases come close to; see `src/runtime/json-size.ts`. */
const NAMES = 11_500;
const NAMES_OF_LARGE_BODIES = 5_900;
const VALUES = 19_800;
const LARGE_TEXT_LENGTH = 1_900_000;

const CREATE =
  'mutation($p:JSONObject){createAssistant(input:{model:"m",tools:[{function:{name:"f",parameters:$p}}]}){assistant{id SELECTED} userErrors{code}}}';
const WITH_PARAMETERS = CREATE.replace('SELECTED', 'tools{...on FunctionTool{parameters}}');
const WITHOUT_PARAMETERS = CREATE.replace('SELECTED', '');
const LIST_MESSAGES =
  'query($t:ID!){thread(id:$t){messages(first:100){nodes{id content{type ...on TextContent{text}}}}}}';

const list = (count: number, write: (index: number) => string, separator = ','): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(separator);

const nameOf = (round: number, index: number): string => `k${round}_${index.toString(36)}`.padEnd(13, '_');
const members = (round: number, count: number): string => list(count, (index) => `"${nameOf(round, index)}":1`);
/** Objects of five members. */
const objects = (round: number, count: number): string =>
  `[${list(count / 5, (object) => `{${list(5, (index) => `"${nameOf(round, object * 5 + index)}":1`)}}`)}]`;

const create = (parameters: string, query = WITH_PARAMETERS): RequestBody => ({
  body: `{"query":${JSON.stringify(query)},"variables":{"p":{${parameters}}}}`,
});
const document = (query: string): RequestBody => ({ body: JSON.stringify({ query }) });
const unknownFields = (round: number): string => list(290, (index) => `k${round}_${index}`, ' ');

export const accepted: Readonly<Record<string, RequestCase>> = {
  'an operation without upstream': (round) => document(`{__typename} # ${round}`),
  'create: one text of 1.9 MB': () => create(`"t":"${'x'.repeat(LARGE_TEXT_LENGTH)}"`),
  'create: one text of 1.9 MB outside ASCII': () => create(`"t":"${'€'.repeat(LARGE_TEXT_LENGTH / 3)}"`),
  'create: one text of escapes': () => create(`"t":"${'\\n'.repeat(LARGE_TEXT_LENGTH / 2)}"`),
  '11,500 names in one object': (round) => create(members(round, NAMES)),
  '11,500 names in objects of 5': (round) => create(`"a":${objects(round, NAMES)}`),
  '5,900 names, 1.6 MB of text': (round) =>
    create(`"t":"${'x'.repeat(1_600_000)}",${members(round, NAMES_OF_LARGE_BODIES)}`),
  '5,900 names in objects of 5, 1.6 MB of text': (round) =>
    create(`"t":"${'x'.repeat(1_600_000)}","a":${objects(round, NAMES_OF_LARGE_BODIES)}`),
  '5,900 names in objects of 5, 20,000 texts outside ASCII': (round) =>
    create(
      `"t":[${list(VALUES, (index) => `"${'Ж'.repeat(35)}${index}"`)}],"a":${objects(round, NAMES_OF_LARGE_BODIES)}`,
    ),
  'the same, parameters not selected': (round) =>
    create(
      `"t":[${list(VALUES, (index) => `"${'Ж'.repeat(35)}${index}"`)}],"a":${objects(round, NAMES_OF_LARGE_BODIES)}`,
      WITHOUT_PARAMETERS,
    ),
  '20,000 members with 50 names, texts outside ASCII': () =>
    create(
      `"a":[${list(VALUES / 50, (object) => `{${list(50, (index) => `"n${index}":"${'Ж'.repeat(30)}${object}"`)}}`)}]`,
    ),
  '24,000 floats': () => create(`"a":[${list(24_000, (index) => `1.23456789012345678901e-${(index % 290) + 10}`)}]`),
  'a literal of 170,000 escapes': (round) =>
    document(
      `mutation{createAssistant(input:{model:"m${round}",instructions:"${'\\u{1F600}'.repeat(170_000)}"}){assistant{id} userErrors{code}}}`,
    ),
  '1,600 inline fragments': (round) =>
    document(`{assistants(first:1){nodes{${'...{'.repeat(1600)}id${'}'.repeat(1600)}}}} # ${round}`),
  'a page of messages of 8 MB': (_round, threadId) => ({
    body: JSON.stringify({ query: LIST_MESSAGES, variables: { t: threadId } }),
  }),
};

/** Pages of upstream that no caller of the embedded AIML API can make. */
export const pages: Readonly<Record<string, RequestCase>> = {
  'a page of 100 messages of 500 parts': () =>
    document('{thread(id:"thread_parts"){messages(first:100){nodes{content{__typename ... on TextContent{text}}}}}}'),
  'a page of 100 runs of 128 tools': () =>
    document(
      '{thread(id:"thread_tools"){runs(first:100){nodes{id tools{__typename ... on FunctionTool{name parameters}}}}}}',
    ),
};

const BOMB = gzipSync(Buffer.alloc(50_000_000, ' '));

export const rejected: Readonly<Record<string, RequestCase>> = {
  'more names than allowed': (round) => create(members(round, NAMES + 3000)),
  'more names than allowed beside 1.6 MB of text': (round) =>
    create(`"t":"${'x'.repeat(1_600_000)}",${members(round, NAMES)}`),
  '11,500 names, invalid JSON at the end': (round) => ({ body: `${String(create(members(round, NAMES)).body)}x` }),
  '11,500 names of fields that the input does not have': (round) => ({
    body: `{"query":"mutation($i:CreateAssistantInput!){createAssistant(input:$i){assistant{id}}}","variables":{"i":{"model":"m",${members(round, NAMES)}}}}`,
  }),
  '39,980 ids': (round) => ({
    body: `{"query":"query($i:[ID!]!){assistants:assistantsByIds(ids:$i){id}}","variables":{"i":[${list(39_980, (index) => `"a${round + index}"`)}]}}`,
  }),
  'unknown fields after 1.9 MB of spaces': (round) =>
    document(`{${' '.repeat(LARGE_TEXT_LENGTH)} assistants(first:1){nodes{${unknownFields(round)}}}}`),
  'unknown fields after a text of 1.9 MB': (round) =>
    document(
      `mutation{createAssistant(input:{model:"m",instructions:"${'x'.repeat(LARGE_TEXT_LENGTH)}"}){${unknownFields(round)}}}`,
    ),
  '1,640 unknown members in a literal': (round) =>
    document(`mutation{createAssistant(input:{model:"m",${members(round, 1640).replaceAll('"', '')}}){assistant{id}}}`),
  '50 MB of spaces in gzip': () => ({ body: BOMB, headers: { 'content-encoding': 'gzip' } }),
};
