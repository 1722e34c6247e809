// Bodies of streams of runs, complete and broken: each function sends one as a response of upstream.
import type { ServerResponse } from 'node:http';
import { constants, createGzip } from 'node:zlib';
import { BEGINNING, beginStream } from './stream-upstream.ts';

/** Sends these parts and ends the stream. */
export const send =
  (...parts: readonly (string | Buffer)[]) =>
  (response: ServerResponse): void => {
    beginStream(response);
    for (const part of parts) response.write(part);
    response.end();
  };
/** Sends this and leaves the stream open. */
export const sendAndHang =
  (text: string) =>
  (response: ServerResponse): void => {
    beginStream(response);
    response.write(text);
  };
export const sendAndReset =
  (text: string) =>
  (response: ServerResponse): void => {
    beginStream(response);
    response.write(text, () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
  };
export const sendGzipped =
  (text: string, { isCut = false } = {}) =>
  (response: ServerResponse): void => {
    beginStream(response, { 'content-encoding': 'gzip' });
    const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
    gzip.on('data', (chunk: Buffer) => response.write(chunk));
    gzip.on('end', () => response.end());
    if (isCut) gzip.write(text, () => gzip.flush(() => response.end('no gzip')));
    else gzip.end(text);
  };
/** Sends a few bytes at a time, so that characters and lines are split. */
export const drip =
  (text: string) =>
  (response: ServerResponse): void => {
    beginStream(response);
    const bytes = Buffer.from(text);
    let sent = 0;
    const next = () => {
      if (sent >= bytes.length) response.end();
      else response.write(bytes.subarray(sent, (sent += 7)), () => setImmediate(next));
    };
    next();
  };
/** Sends 70 MiB of comments, as fast as they are read. */
export const sendAndFlood =
  (text: string) =>
  (response: ServerResponse): void => {
    beginStream(response);
    response.write(text);
    const comment = Buffer.from(`: ${'x'.repeat(1021)}\n`.repeat(1024));
    let left = 70;
    const next = () => {
      for (; left > 0; left -= 1) if (!response.write(comment)) return void response.once('drain', next);
    };
    next();
  };

export function sendHeadersOnly(response: ServerResponse): void {
  beginStream(response);
  response.flushHeaders();
}
export function sendUnknownCoding(response: ServerResponse): void {
  beginStream(response, { 'content-encoding': 'x-new' });
  response.end(BEGINNING);
}
