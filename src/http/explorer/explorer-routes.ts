/**
 * The HTML pages: `/`, the landing page with Apollo Sandbox; `/chat`; and `/graphiql`, the explorer that needs no internet.
 * They contain no secret and need no authentication.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SCHEMA_PATH } from '../schema-route.ts';
import { readBundle, type BundledFile } from './bundle.ts';
import { acceptsHtml, addVary, chatPolicy, graphiqlPolicy, landingPolicy, pageHeaders } from './page-headers.ts';

/** For files with a hash of their content in the name. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATE = 'no-cache';

const EXPLORER_PATH = '/graphiql';
const CHAT_PATH = '/chat';

interface ExplorerOptions {
  /** A notice for people on the landing page; returns null if there is none. */
  readonly notice?: (() => string | null) | undefined;
  readonly hasSchema: boolean;
}

/** Returns false and registers nothing if the pages have not been built. */
export async function registerExplorer(
  app: FastifyInstance,
  { notice = () => null, hasSchema }: ExplorerOptions,
): Promise<boolean> {
  const bundle = await readBundle();
  if (!bundle) return false;

  app.get('/', (request, reply) => {
    addVary(reply, 'Accept');
    if (!acceptsHtml(request.headers.accept)) {
      const text = notice();
      return reply.send({
        graphql: '/graphql',
        explorer: EXPLORER_PATH,
        ...(hasSchema && { schema: SCHEMA_PATH }),
        ...(text !== null && { notice: text }),
      });
    }
    return sendFile(request, reply.headers(pageHeaders(landingPolicy)), bundle.landing, REVALIDATE);
  });
  app.get(EXPLORER_PATH, (request, reply) =>
    sendFile(request, reply.headers(pageHeaders(graphiqlPolicy)), bundle.graphiql, REVALIDATE),
  );
  app.get(CHAT_PATH, (request, reply) =>
    sendFile(request, reply.headers(pageHeaders(chatPolicy)), bundle.chat, REVALIDATE),
  );
  app.get<{ Params: { name: string } }>(`${EXPLORER_PATH}/:name`, (request, reply) => {
    const asset = bundle.assets.get(request.params.name);
    if (!asset) {
      reply.callNotFound();
      return reply;
    }
    // A worker has its own Content-Security-Policy, from the response of its script.
    return sendFile(request, reply.header('content-security-policy', graphiqlPolicy), asset, IMMUTABLE);
  });
  return true;
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: BundledFile,
  cacheControl: string,
): Promise<FastifyReply> {
  const encoding = /\bgzip\b/i.test(header(request, 'accept-encoding')) ? 'gzip' : 'identity';
  const etag = `"${file.etag}-${encoding}"`;
  addVary(reply, 'Accept-Encoding');
  reply.header('cache-control', cacheControl).header('etag', etag);
  if (header(request, 'if-none-match').includes(etag)) return reply.code(304).send();
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(file.contentType).send(await file.read(encoding));
}

function header(request: FastifyRequest, name: 'accept-encoding' | 'if-none-match'): string {
  return request.headers[name]?.toString() ?? '';
}
