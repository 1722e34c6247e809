/** Reports of every response how many bytes are to be sent. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A hook for onSend. */
export function reportResponse(
  { exchange, method }: FastifyRequest,
  _reply: FastifyReply,
  payload: unknown,
  done: () => void,
): void {
  const isBody = method !== 'HEAD' && (typeof payload === 'string' || Buffer.isBuffer(payload));
  exchange?.respond(isBody ? Buffer.byteLength(payload) : 0);
  done();
}
