// The two ways to run a history: through the data source, and through the whole service over GraphQL.
import type { AssistantResource } from '../../support/source.ts';
import { PublicError } from '../../../src/runtime/errors.ts';
import type { TestService } from '../../support/service.ts';

/** The result of an operation as the caller sees it. */
export type Reply =
  | { readonly kind: 'done'; readonly assistants: readonly { readonly id: string; readonly name: string | null }[] }
  /** Upstream has nothing with this id. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly code: string; readonly outcome: string | null };

export interface Target {
  create(name: string): Promise<Reply>;
  update(id: string, name: string): Promise<Reply>;
  remove(id: string): Promise<Reply>;
  get(id: string): Promise<Reply>;
  list(): Promise<Reply>;
  /** All failures, to be searched for secrets. */
  readonly failures: (string | object)[];
}

/** `another` returns the source of a new request. */
export function createSourceTarget(another: () => AssistantResource): Target {
  const failures: (string | object)[] = [];
  const reply = async (call: Promise<Reply & { kind: 'done' }>): Promise<Reply> => {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof PublicError)) throw error;
      failures.push(error.message, error.details);
      const { code, outcome = null } = error.details;
      return code === 'NOT_FOUND' ? { kind: 'missing' } : { kind: 'failed', code, outcome };
    }
  };
  const done = (...assistants: { id: string; name: string | null }[]) => ({ kind: 'done' as const, assistants });
  return {
    failures,
    create: (name) =>
      reply(
        another()
          .create({ model: 'm', name })
          .then((assistant) => done(assistant)),
      ),
    update: (id, name) =>
      reply(
        another()
          .modify(id, { name })
          .then((assistant) => done(assistant)),
      ),
    remove: (id) =>
      reply(
        another()
          .delete(id)
          .then(() => done()),
      ),
    get: (id) =>
      reply(
        another()
          .get(id)
          .then((assistant) => done(assistant)),
      ),
    list: () =>
      reply(
        another()
          .list({ limit: 20, order: 'asc', after: null })
          .then(({ data }) => done(...data)),
      ),
  };
}

interface Assistant {
  readonly id: string;
  readonly name: string | null;
}
interface Payload {
  readonly assistant?: Assistant | null;
  readonly userErrors: readonly { readonly code: string }[];
}

const WRITE = 'assistant { id name } userErrors { code }';

export function createServiceTarget(service: TestService): Target {
  const failures: (string | object)[] = [];
  const send = async (document: string, variables: object, read: (result: unknown) => Reply): Promise<Reply> => {
    const { data, errors } = await service.query(document, variables);
    const [error] = errors ?? [];
    if (!error) return read(data?.['result']);
    failures.push(error);
    const { code, outcome = null } = error.extensions;
    return { kind: 'failed', code: code as string, outcome: outcome as string | null };
  };
  const readPayload = (result: unknown): Reply => {
    const { assistant, userErrors } = result as Payload;
    const [userError] = userErrors;
    if (!userError) return { kind: 'done', assistants: assistant ? [assistant] : [] };
    if (userError.code !== 'NOT_FOUND') throw new Error(`no upstream caused this: ${userError.code}`);
    return { kind: 'missing' };
  };
  return {
    failures,
    create: (name) =>
      send(
        `mutation ($name: String!) { result: createAssistant(input: { model: "m", name: $name }) { ${WRITE} } }`,
        { name },
        readPayload,
      ),
    update: (id, name) =>
      send(
        `mutation ($id: ID!, $name: String!) { result: updateAssistant(input: { id: $id, name: $name }) { ${WRITE} } }`,
        { id, name },
        readPayload,
      ),
    remove: (id) =>
      send(
        'mutation ($id: ID!) { result: deleteAssistant(input: { id: $id }) { userErrors { code } } }',
        { id },
        readPayload,
      ),
    get: (id) =>
      send('query ($id: ID!) { result: assistant(id: $id) { id name } }', { id }, (assistant) =>
        assistant ? { kind: 'done', assistants: [assistant as Assistant] } : { kind: 'missing' },
      ),
    list: () =>
      send('{ result: assistants(first: 20) { nodes { id name } } }', {}, (page) => ({
        kind: 'done',
        assistants: (page as { readonly nodes: readonly Assistant[] }).nodes,
      })),
  };
}
