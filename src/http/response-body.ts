/** Reports of every response what of it is sent. Large bodies are sent in parts, so that it is seen how a client reads. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpExchange } from './connection.ts';

/** A part is written when the one before it has reached the operating system, in bytes. */
const PART_BYTES = 64 * 1024;

/** A hook for onSend. */
export function reportResponse(
  { exchange, method }: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: null, payload: unknown) => void,
): void {
  if (!exchange) {
    done(null, payload);
    return;
  }
  const isBody = method !== 'HEAD' && (typeof payload === 'string' || Buffer.isBuffer(payload));
  const bytes = isBody ? Buffer.byteLength(payload) : 0;
  exchange.respond(bytes);
  if (!isBody || bytes <= PART_BYTES) {
    done(null, payload);
    return;
  }
  reply.header('content-length', bytes);
  done(null, toParts(typeof payload === 'string' ? Buffer.from(payload) : payload, exchange));
}

function toParts(body: Buffer, exchange: HttpExchange): Readable {
  let sent = 0;
  let written = 0;
  return new Readable({
    // Nothing is read ahead: a part is asked for when what was written before it has been sent.
    highWaterMark: 0,
    read() {
      if (written > sent) exchange.progress(written - sent);
      sent = written;
      if (written === body.length) {
        this.push(null);
        return;
      }
      const part = body.subarray(written, written + PART_BYTES);
      written += part.length;
      this.push(part);
    },
  });
}
