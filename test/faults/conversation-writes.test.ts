// Writes of conversations whose response is lost or is an error: what is read afterwards, what the caller learns, and how
// often upstream is asked.
import { describe, expect, test } from '@jest/globals';
import {
  inTurn,
  json,
  list,
  lose,
  MESSAGE,
  mutate,
  OUTCOME_UNKNOWN,
  reject,
  RUN,
  startRouted,
  THREAD,
  userErrors,
  wireThread,
} from '../support/routed-upstream.ts';
import { wireMessage, wireRun } from '../support/stream-upstream.ts';

const waitingFor = (...ids: readonly string[]) =>
  wireRun('requires_action', {
    required_action: {
      type: 'submit_tool_outputs',
      submit_tool_outputs: {
        tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
      },
    },
  });

const ids = { threadId: 'thread_1', id: 'run_1' };
const outputs = (...toolCallIds: readonly string[]) => ({
  threadId: 'thread_1',
  runId: 'run_1',
  toolOutputs: toolCallIds.map((toolCallId) => ({ toolCallId, output: 'sunny' })),
});

describe('a modify whose response is lost is sent once and read back once:', () => {
  const metadata = { a: 'b' };
  test.each<readonly [string, object, string, string, unknown, unknown]>([
    ['updateThread', { id: 'thread_1', metadata }, `POST ${THREAD}`, `GET ${THREAD}`, wireThread(metadata), 'applied'],
    ['updateThread', { id: 'thread_1', metadata }, `POST ${THREAD}`, `GET ${THREAD}`, wireThread(), OUTCOME_UNKNOWN],
    ['updateThread', { id: 'thread_1', metadata: null }, `POST ${THREAD}`, `GET ${THREAD}`, wireThread(), 'applied'],
    [
      'updateMessage',
      { threadId: 'thread_1', id: 'msg_1', metadata },
      `POST ${MESSAGE}`,
      `GET ${MESSAGE}`,
      wireMessage('completed', 'Hi', { metadata }),
      'applied',
    ],
    [
      'updateMessage',
      { threadId: 'thread_1', id: 'msg_1', metadata },
      `POST ${MESSAGE}`,
      `GET ${MESSAGE}`,
      wireMessage('completed', 'Hi'),
      OUTCOME_UNKNOWN,
    ],
    ['updateRun', { ...ids, metadata }, `POST ${RUN}`, `GET ${RUN}`, wireRun('queued', { metadata }), 'applied'],
    ['updateRun', { ...ids, metadata }, `POST ${RUN}`, `GET ${RUN}`, wireRun('queued'), OUTCOME_UNKNOWN],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('cancelling'), 'applied'],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('cancelled'), 'applied'],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('completed'), userErrors('WRONG_STATE', 'id')],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('failed'), userErrors('WRONG_STATE', 'id')],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('expired'), userErrors('WRONG_STATE', 'id')],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('in_progress'), OUTCOME_UNKNOWN],
    ['cancelRun', ids, `POST ${RUN}/cancel`, `GET ${RUN}`, wireRun('requires_action'), OUTCOME_UNKNOWN],
  ])('%s %j', async (name, input, write, read, found, expected) => {
    // prettier-ignore
    const setting = await startRouted({ [write]: lose, [read]: json(found) });
    const result = await mutate(setting, name, input);
    expect(result).toEqual(expected === 'applied' ? { userErrors: [] } : expected);
    expect(setting.lines()).toEqual([write, read]);
  });
});

describe('tool outputs whose response is lost are sent once, and the run is read back once:', () => {
  test.each<readonly [string, object, unknown]>([
    ['it is in progress', wireRun('in_progress'), { userErrors: [] }],
    ['it has ended', wireRun('completed'), { userErrors: [] }],
    ['it waits for other calls', waitingFor('call_2'), { userErrors: [] }],
    ['it still waits for these calls', waitingFor('call_1'), OUTCOME_UNKNOWN],
  ])('%s', async (_name, found, expected) => {
    const post = `POST ${RUN}/submit_tool_outputs`;
    let isSent = false;
    const setting = await startRouted({
      [post]: (response, call) => {
        isSent = true;
        lose(response, call);
      },
      [`GET ${RUN}`]: (response, call) => json(isSent ? found : waitingFor('call_1'))(response, call),
      [`GET ${RUN}/steps`]: json(list()),
      [`GET ${THREAD}/messages`]: json(list()),
    });
    expect(await mutate(setting, 'submitToolOutputs', outputs('call_1'))).toEqual(expected);
    const lines = setting.lines();
    expect(lines.slice(lines.indexOf(post))).toEqual([post, `GET ${RUN}`]);
  });
});

describe('a delete whose response is lost is sent again:', () => {
  test.each<readonly [string, object, string]>([
    ['deleteThread', { id: 'thread_1' }, `DELETE ${THREAD}`],
    ['deleteMessage', { threadId: 'thread_1', id: 'msg_1' }, `DELETE ${MESSAGE}`],
  ])('%s', async (name, input, line) => {
    const id = line.split('/').at(-1);
    for (const second of [reject(404), json({ id, deleted: true }), json(undefined, 204)]) {
      const setting = await startRouted({ [line]: inTurn(lose, second) });
      expect(await mutate(setting, name, input)).toEqual({ userErrors: [] });
      expect(setting.lines()).toEqual([line, line]);
    }
    const denied = await startRouted({ [line]: json({ id, deleted: false }), [`GET ${THREAD}`]: json(wireThread()) });
    expect(await mutate(denied, name, input)).not.toEqual({ userErrors: [] });
  });
});

describe('a write that upstream rejects', () => {
  const createMessage = { threadId: 'thread_1', text: 'Hi' };
  const createRun = { threadId: 'thread_1', assistantId: 'asst_1' };
  const [postMessage, postRun, getRuns] = [`POST ${THREAD}/messages`, `POST ${THREAD}/runs`, `GET ${THREAD}/runs`];

  test.each<readonly [string, object, string]>([
    ['createMessage', createMessage, postMessage],
    ['createRun', createRun, postRun],
  ])('is THREAD_BUSY where the newest run has not ended: %s', async (name, input, line) => {
    for (const status of ['in_progress', 'requires_action']) {
      const setting = await startRouted({
        [line]: reject(400),
        [getRuns]: json(list(wireRun(status), wireRun('completed'))),
      });
      expect(await mutate(setting, name, input)).toEqual(userErrors('THREAD_BUSY', 'threadId'));
      expect(setting.lines()).toEqual([line, getRuns]);
    }
    for (const runs of [json(list(wireRun('completed'))), reject(500)]) {
      const setting = await startRouted({ [line]: reject(400), [getRuns]: runs });
      expect(await mutate(setting, name, input)).toEqual(userErrors('REJECTED_BY_UPSTREAM'));
    }
  });

  test.each<readonly [string, object, string, string]>([
    [
      'createMessage',
      createMessage,
      postMessage,
      "Can't add messages to thread_aB3dE6gH9jK2mN5pQ8sT1vW4 while a run run_aB3dE6gH9jK2mN5pQ8sT1vW4 is active.",
    ],
    [
      'createRun',
      createRun,
      postRun,
      'Thread thread_aB3dE6gH9jK2mN5pQ8sT1vW4 already has an active run run_aB3dE6gH9jK2mN5pQ8sT1vW4.',
    ],
  ])('is THREAD_BUSY for that reason, also where the run has ended since: %s', async (name, input, line, message) => {
    for (const runs of [json(list(wireRun('completed'))), reject(500)]) {
      const setting = await startRouted({ [line]: json({ error: { message } }, 400), [getRuns]: runs });
      expect(await mutate(setting, name, input)).toEqual(userErrors('THREAD_BUSY', 'threadId'));
    }
    const quoted = json({ error: { message: `Invalid metadata: ${message}` } }, 400);
    const other = await startRouted({ [line]: quoted, [getRuns]: json(list()) });
    expect(await mutate(other, name, input)).toEqual(userErrors('REJECTED_BY_UPSTREAM'));
  });

  const notFound = (...field: readonly string[]) => userErrors('NOT_FOUND', ...field);
  test.each<readonly [string, object, string, string]>([
    ['createMessage', createMessage, postMessage, 'threadId'],
    ['createRun', createRun, postRun, 'assistantId'],
    ['updateRun', { ...ids, metadata: null }, `POST ${RUN}`, 'id'],
    ['cancelRun', ids, `POST ${RUN}/cancel`, 'id'],
    ['updateMessage', { threadId: 'thread_1', id: 'msg_1', metadata: null }, `POST ${MESSAGE}`, 'id'],
    ['deleteMessage', { threadId: 'thread_1', id: 'msg_1' }, `DELETE ${MESSAGE}`, 'id'],
    ['submitToolOutputs', outputs('call_1'), `GET ${RUN}`, 'runId'],
  ])('with 404 is NOT_FOUND at the id that upstream does not have: %s', async (name, input, line, field) => {
    const withThread = await startRouted({ [line]: reject(404), [`GET ${THREAD}`]: json(wireThread()) });
    expect(await mutate(withThread, name, input)).toEqual(notFound(field));
    expect(withThread.lines()).toEqual([line, `GET ${THREAD}`]);
    const without = await startRouted({});
    expect(await mutate(without, name, input)).toEqual(notFound('threadId'));
    expect(without.lines()).toEqual([line, `GET ${THREAD}`]);
  });

  test('is NOT_FOUND at the assistant where a thread would be created with the run', async () => {
    const setting = await startRouted({});
    expect(await mutate(setting, 'createThreadAndRun', { assistantId: 'asst_1' })).toEqual(notFound('assistantId'));
    expect(setting.lines()).toEqual(['POST /threads/runs']);
  });

  test('is WRONG_STATE where the run cannot be cancelled, or does not wait for outputs', async () => {
    const cancel = `POST ${RUN}/cancel`;
    for (const [status, expected] of [
      ['completed', userErrors('WRONG_STATE', 'id')],
      ['cancelling', userErrors('WRONG_STATE', 'id')],
      ['in_progress', userErrors('REJECTED_BY_UPSTREAM')],
    ] as const) {
      const setting = await startRouted({ [cancel]: reject(400), [`GET ${RUN}`]: json(wireRun(status)) });
      expect(await mutate(setting, 'cancelRun', ids)).toEqual(expected);
    }
    const setting = await startRouted({ [`GET ${RUN}`]: json(wireRun('in_progress')) });
    expect(await mutate(setting, 'submitToolOutputs', outputs('call_1'))).toEqual(userErrors('WRONG_STATE', 'runId'));
    expect(setting.lines()).toEqual([`GET ${RUN}`]);
    let isSent = false;
    const late = await startRouted({
      [`POST ${RUN}/submit_tool_outputs`]: (response, call) => {
        isSent = true;
        reject(400)(response, call);
      },
      [`GET ${RUN}`]: (response, call) => json(isSent ? wireRun('expired') : waitingFor('call_1'))(response, call),
    });
    expect(await mutate(late, 'submitToolOutputs', outputs('call_1'))).toEqual(userErrors('WRONG_STATE', 'runId'));
  });

  test('is not sent where outputs are missing, unknown or given twice', async () => {
    const setting = await startRouted({ [`GET ${RUN}`]: json(waitingFor('call_1', 'call_2')) });
    const submit = async (...calls: readonly string[]) =>
      (await mutate(setting, 'submitToolOutputs', outputs(...calls))) as { readonly userErrors: object[] };
    const invalid = (...field: readonly string[]) => ({ code: 'INVALID', field: ['input', 'toolOutputs', ...field] });
    expect((await submit('call_1')).userErrors).toEqual([invalid()]);
    expect((await submit('call_1', 'call_2', 'call_3')).userErrors).toEqual([invalid('2', 'toolCallId')]);
    expect((await submit('call_1', 'call_9')).userErrors).toEqual([invalid('1', 'toolCallId'), invalid()]);
    expect((await submit('call_1', 'call_2', 'call_1')).userErrors).toEqual([invalid('2', 'toolCallId')]);
    expect(setting.lines().filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});

describe('waitSeconds, where upstream streams no events', () => {
  const [post, get] = [`POST ${THREAD}/runs`, `GET ${RUN}`];
  const input = { threadId: 'thread_1', assistantId: 'asst_1', waitSeconds: 20 };

  test.each<readonly [string, unknown]>([
    ['has ended', wireRun('completed')],
    ['requires action', waitingFor('call_1')],
  ])('the run is read until it %s', async (_name, last) => {
    const reads = inTurn(json(wireRun('queued')), json(wireRun('in_progress')), json(last));
    const setting = await startRouted({ [post]: json(wireRun('queued')), [get]: reads });
    expect(await mutate(setting, 'createRun', input)).toEqual({ userErrors: [] });
    expect(setting.lines()).toEqual([post, get, get, get]);
  });

  test('a run that cannot be read is returned as it was, as it was started', async () => {
    const reads = inTurn(json(wireRun('in_progress')), reject(401));
    const setting = await startRouted({ [post]: json(wireRun('queued')), [get]: reads });
    const { data, errors } = await setting.service.query(
      'mutation ($input: CreateRunInput!) { createRun(input: $input) { run { id status } userErrors { code } } }',
      { input },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ createRun: { run: { id: 'run_1', status: 'IN_PROGRESS' }, userErrors: [] } });
    expect(setting.lines()).toEqual([post, get, get]);
  });
});

test('createThreadAndRun is a success although the thread cannot be read', async () => {
  const setting = await startRouted({ 'POST /threads/runs': json(wireRun('queued')), [`GET ${THREAD}`]: reject(401) });
  const { data, errors } = await setting.service.query(
    'mutation { createThreadAndRun(input: { assistantId: "asst_1" }) { thread { id } run { id } userErrors { code } } }',
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ createThreadAndRun: { thread: null, run: { id: 'run_1' }, userErrors: [] } });
});
