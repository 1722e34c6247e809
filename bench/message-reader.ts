/**
 * The part of HTTP/1.1 that the load and the upstream need: messages with a Content-Length, or without a body, one
 * after the other. Both share two cores with the measured server, so parsing must cost little.
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const TRANSFER_ENCODING = /\r\ntransfer-encoding:/i;
const NOTHING = Buffer.alloc(0);

/** `head` is the start line and the header lines, without the empty line. */
export type OnMessage = (head: string, body: Buffer) => void;

export class MessageReader {
  readonly #onMessage: OnMessage;
  #head = '';
  #pending: Buffer = NOTHING;
  /** The chunks of an incomplete body. A long body is joined once, when it is complete. */
  #parts: Buffer[] = [];
  #missing = 0;

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage;
  }

  /** Throws if a message has a body of unknown length. */
  push(chunk: Buffer): void {
    if (this.#missing > chunk.length) {
      this.#parts.push(chunk);
      this.#missing -= chunk.length;
      return;
    }
    let rest = chunk;
    if (this.#missing > 0) {
      this.#parts.push(chunk.subarray(0, this.#missing));
      rest = chunk.subarray(this.#missing);
      this.#finish(Buffer.concat(this.#parts));
    }
    this.#readHeads(this.#pending.length === 0 ? rest : Buffer.concat([this.#pending, rest]));
  }

  #readHeads(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(HEAD_END);
      if (end === -1) break;
      this.#head = rest.toString('latin1', 0, end);
      if (TRANSFER_ENCODING.test(this.#head)) throw new Error('a message came without a Content-Length');
      const length = Number(CONTENT_LENGTH.exec(this.#head)?.[1] ?? 0);
      const body = rest.subarray(end + HEAD_END.length, end + HEAD_END.length + length);
      rest = rest.subarray(end + HEAD_END.length + length);
      this.#missing = length - body.length;
      if (this.#missing > 0) this.#parts = [body];
      else this.#finish(body);
    }
    this.#pending = rest;
  }

  #finish(body: Buffer): void {
    this.#missing = 0;
    this.#parts = [];
    this.#onMessage(this.#head, body);
  }
}
