// Lost connections of the chat page, and requests that fail.
import { expect, test } from '@jest/globals';
import {
  endStream,
  openStream,
  sendChunk,
  startStagedModelApi,
  toChunk,
} from '../local-aiml/engine/staged-model-api.ts';
import { createGate } from '../support/gate.ts';
import { startService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { ChatTest } from './chat-page.ts';

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six'];

/** The chat behind a proxy, with a run that writes the first half of {@link WORDS}, and the rest when `finish` is called. */
async function openWithPausedRun({ chat, open }: ChatTest): Promise<{ proxy: TcpProxy; finish: () => void }> {
  const gate = createGate();
  const half = WORDS.length / 2;
  const modelApi = await startStagedModelApi(async (_request, response) => {
    openStream(response);
    for (const [index, word] of WORDS.entries()) {
      if (index === half) await gate.opened;
      sendChunk(response, toChunk({ content: `${word} ` }));
    }
    sendChunk(response, toChunk({}, 'stop'));
    endStream(response);
  });
  const service = await startService({ UPSTREAM: 'local', MODEL_API_BASE_URL: modelApi.url, MODEL_API_KEY: 'key' });
  const proxy = await startTcpProxy(service.url);
  await open(proxy.url, service);
  await chat.send('Count to six.');
  return { proxy, finish: gate.open };
}

export function testConnections(current: () => ChatTest): void {
  test('a reload in the midst of a response and a lost connection leave nothing out and double nothing', async () => {
    const { chat, page, expectProblem } = current();
    expectProblem(/net::ERR_/);
    const { proxy, finish } = await openWithPausedRun(current());
    await chat.sees(/one two three/);
    const followed = chat.responseTo('ChatFollowRun');
    await page.reload();
    await chat.sees(/one two three/);
    await chat.button('Stop').waitFor();
    await followed;
    let wasAnnounced = false;
    // The page connects again at once, so its next connection waits.
    await chat.intercept('ChatFollowRun', async (route) => {
      await page.getByText('The connection was lost. Connecting again …').waitFor();
      wasAnnounced = true;
      finish();
      await route.continue();
    });
    proxy.cut();
    await chat.hasEnded();
    expect(wasAnnounced).toBe(true);
    expect(await chat.words()).toEqual(WORDS);
    expect(await page.locator('.message').count()).toBe(2);
  });

  slowTest('a stream that is silent, or completes before the run has ended, is taken up again', async () => {
    const { chat, page, expectProblem } = current();
    expectProblem(/net::ERR_/);
    // As a service does that stops.
    await chat.intercept('ChatFollowRun', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: 'event: complete\ndata:\n\n' }),
    );
    await page.clock.install();
    const { proxy, finish } = await openWithPausedRun(current());
    await chat.sees(/one two three/);
    proxy.silence();
    finish();
    await page.clock.fastForward('00:35');
    await chat.hasEnded();
    expect(await chat.words()).toEqual(WORDS);
  });

  slowTest('a message whose response is lost is sent again once', async () => {
    const { chat, service, open, expectProblem } = current();
    expectProblem(/net::ERR_CONNECTION_RESET/);
    await open();
    await chat.intercept('ChatBeginThread', async (route) => {
      // The service gets it, and the page never hears of it.
      await route.fetch();
      await route.abort('connectionreset');
    });
    await chat.send('Only once, please');
    await chat.button('Send again').click();
    await chat.hasEnded();
    await chat.sees(/You wrote: Only once, please/);
    const { data } = await service.query('{ threads(first: 100) { nodes { metadata } } }');
    const { threads } = data as { threads: { nodes: { metadata: { title?: string } }[] } };
    expect(threads.nodes.filter(({ metadata }) => metadata.title === 'Only once, please')).toHaveLength(1);
  });

  slowTest('what cannot be read can be tried again', async () => {
    const { chat, page, service, open, expectProblem } = current();
    expectProblem(/net::ERR_CONNECTION_RESET/);
    await open();
    await chat.send('Hello');
    await chat.hasEnded();
    await chat.intercept('ChatAssistants', (route) => route.abort('connectionreset'));
    await chat.intercept('ChatThread', (route) => route.abort('connectionreset'));
    await page.reload();
    for (let problems = 0; problems < 2; problems += 1) {
      await page.getByRole('alert').getByText('The connection to the service was lost.').waitFor();
      await chat.button('Try again').click();
    }
    await chat.sees(/You wrote: Hello/);
    await page.goto(`${service.url}/chat#thread=thread_none`);
    await page.getByText('This conversation does not exist any more.').waitFor();
    await chat.button('New conversation').click();
    await chat.message.waitFor();
  });
}
