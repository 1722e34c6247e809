/** The responses of the bench's upstream, head and body in one buffer. */
import { PLACEHOLDER, Template } from '../template.ts';
import { assistantOf, digitsOf, idOf, listOf, PAGE_SIZE, VARIANTS } from './assistants.ts';

const headOf = (status: string, length: number, etag: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n${etag}Content-Length: ${length}\r\n\r\n`;

const etagOf = (length: number, digits: string): string => `ETag: W/"${length.toString(16)}-${digits}"\r\n`;

/** `body` contains the placeholders of the template; the ETag contains the first of them. */
function templateOf(body: string, places: number): Template {
  const length = Buffer.byteLength(body);
  return new Template(headOf('200 OK', length, etagOf(length, digitsOf(PLACEHOLDER))) + body, places);
}

const ONE = Array.from({ length: VARIANTS }, (_, variant) =>
  templateOf(JSON.stringify(assistantOf(PLACEHOLDER, variant)), 1),
);

const PAGE = Array.from({ length: VARIANTS }, (_, variant) => {
  const data = Array.from({ length: PAGE_SIZE }, (_item, index) =>
    assistantOf(PLACEHOLDER + index, (variant + index) % VARIANTS),
  );
  const ends = { first_id: idOf(PLACEHOLDER), last_id: idOf(PLACEHOLDER + PAGE_SIZE - 1) };
  return templateOf(JSON.stringify({ object: 'list', data, ...ends, has_more: true }), PAGE_SIZE);
});

export const jsonResponse = (status: string, value: unknown): Buffer => {
  const body = JSON.stringify(value);
  return Buffer.from(headOf(status, Buffer.byteLength(body), '') + body);
};

const NOT_FOUND = jsonResponse('404 Not Found', { message: 'Not found', statusCode: 404 });

export const oneResponse = (n: number): Buffer => ONE[n % VARIANTS]?.fill(n) ?? NOT_FOUND;

/** Pages are capped at PAGE_SIZE, so `limit=21` gets the same page as `limit=20`. */
export const pageResponse = (after: number, limit: number): Buffer =>
  limit >= PAGE_SIZE
    ? (PAGE[(after + 1) % VARIANTS]?.fill(after + 1) ?? NOT_FOUND)
    : jsonResponse('200 OK', listOf(after, limit));

/** The created assistant: the fields of the request's body and those that upstream adds. */
export function createdResponse(n: number, sent: Buffer): Buffer {
  const added = `{"id":"${idOf(n)}","object":"assistant","created_at":1763800000,`;
  const length = added.length + sent.length - 1;
  const head = headOf('201 Created', length, etagOf(length, digitsOf(n)));
  return Buffer.concat([Buffer.from(head + added, 'latin1'), sent.subarray(1)]);
}
