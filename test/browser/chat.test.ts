// The chat page in a real browser, on the built-in model.
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import {
  endStream,
  openStream,
  sendChunk,
  startStagedModelApi,
  toChunk,
} from '../local-aiml/engine/staged-model-api.ts';
import { createGate } from '../support/gate.ts';
import { createDataDir, runNpm } from '../support/npm.ts';
import { listeningUrl } from '../support/process.ts';
import { startService, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { testAccessibility } from './chat-accessibility.ts';
import { createHelper, createLongThread, INSTRUCTIONS, partsStream } from './chat-data.ts';
import { testChangesElsewhere } from './chat-elsewhere.ts';
import { testHostileContent } from './chat-hostile-content.ts';
import { ChatPage } from './chat-page.ts';
import { testThreadList } from './chat-thread-list.ts';
import { describeInBrowser, expectCount, launchChromium, openPage, type WatchedPage } from './chromium.ts';

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six'];

describeInBrowser('The chat in a browser', () => {
  let service: TestService;
  let browser: Browser;
  let watched: WatchedPage;
  let chat: ChatPage;
  /** What the browser itself reports where a test cuts connections. */
  let expectedProblem: RegExp | null;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    expectedProblem = null;
    // Each test has a service of its own, so that it finds nothing of another test, nor of its own first try.
    [service, watched] = await Promise.all([startService(), openPage(browser)]);
    chat = new ChatPage(watched.page);
  });
  afterEach(async () => {
    const { requests, problems, close } = watched;
    await close();
    expect(requests.filter(({ protocol, hostname }) => protocol !== 'data:' && hostname !== '127.0.0.1')).toEqual([]);
    expect(problems.filter((problem) => expectedProblem?.test(problem) !== true)).toEqual([]);
  });

  /** With an assistant, whose name is Helper. */
  const openChat = async (url = service.url): Promise<string> => {
    const id = await createHelper(service);
    await chat.open(url);
    await watched.page
      .getByRole('navigation')
      .getByRole('button', { name: /^Helper/ })
      .click();
    return id;
  };

  /**
   * The chat behind a proxy, with a run that writes the first half of {@link WORDS}, and the rest when `finish` is called.
   */
  async function openChatWithPausedRun(): Promise<{ proxy: TcpProxy; finish: () => void }> {
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
    service = await startService({ UPSTREAM: 'local', MODEL_API_BASE_URL: modelApi.url, MODEL_API_KEY: 'key' });
    const proxy = await startTcpProxy(service.url);
    await openChat(proxy.url);
    await chat.send('Count to six.');
    return { proxy, finish: gate.open };
  }

  test('a newcomer creates an assistant, reads a streamed response, gives the output of a function and finds all of it again', async () => {
    const { page, context, requests, problems } = watched;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await chat.loadAxe();
    await page.goto(await listeningUrl(runNpm(await createDataDir())));
    await page.getByRole('link', { name: 'Open the chat' }).first().click();
    await page.getByRole('heading', { name: 'Create your first assistant' }).waitFor();
    // Of the landing page, which tries to load Apollo Sandbox.
    requests.length = 0;
    problems.length = 0;
    await page.getByLabel('Name').fill('Weather desk');
    await chat.modelIsChosen();
    await chat.model.fill(' ');
    await chat.button('Create').click();
    await page.getByText('"model" must not be blank.').waitFor();
    expect(await chat.violations()).toEqual([]);
    await chat.model.fill('gpt-4o');
    await page.getByLabel('Instructions').fill(INSTRUCTIONS);
    await chat.button('Create').click();
    await page.locator('summary').click();
    await page.locator('details').getByText(INSTRUCTIONS, { exact: true }).waitFor();
    await page.locator('details').getByText('get_weather').waitFor();
    await page.locator('summary').click();

    await chat.button('What can you do?').click();
    await chat.sees(/no AI/);
    await chat.hasEnded();
    const shown = await chat.recordButtonTexts();
    await chat.button('Copy').click();
    await until(async () => (await shown()).includes('Copied'));
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('no AI');

    await chat.send('Call get_weather {"city":"Oslo"}');
    await chat.toolCalls.getByText('Oslo', { exact: true }).waitFor();
    expect(await chat.violations()).toEqual([]);
    await chat.toolCalls.getByRole('textbox', { name: 'Output' }).fill('sunny, 21 degrees');
    await chat.button('Submit output').click();
    await chat.sees(/sunny, 21 degrees/);
    await chat.hasEnded();

    await page.reload();
    await chat.sees(/sunny, 21 degrees/);
    await chat.button('Details').last().click();
    const details = page.getByRole('region', { name: 'Details of the response' });
    await details.getByText('Called get_weather').waitFor();
    expect((await details.innerText()).split(/\n+/).slice(1)).toEqual([
      'Called get_weather',
      '{',
      '  "city": "Oslo"',
      '}',
      'Output',
      'sunny, 21 degrees',
    ]);
    expect(await chat.violations()).toEqual([]);
    await page.getByRole('navigation').getByRole('button', { name: 'What can you do?', exact: true }).waitFor();
  });

  slowTest('the arguments of a call stand beside the JSON Schema of the function, with what does not fit', async () => {
    await openChat();
    await chat.send('/tool get_weather {"unit":"kelvin","days":1.5,"place":{"name":"Oslo"}}');
    const form = chat.toolCalls;
    await form.getByText('The weather of a city.').waitFor();
    const lines = (await form.locator('dl').innerText()).split(/\n+/);
    expect(lines).toEqual([
      'city string, required: A city',
      'not given',
      'It is required, but the model left it out.',
      'unit celsius | fahrenheit',
      'kelvin',
      'It is none of the choices.',
      'days integer',
      '1.5',
      'It is not of the type integer.',
      'place',
      '{',
      '  "name": "Oslo"',
      '}',
      'The function has no such parameter.',
    ]);
    await form.getByRole('textbox', { name: 'Output' }).fill('{"degrees": ');
    await form.getByText('not valid JSON').waitFor();
  });

  slowTest(
    'the back button leads from the chat to where the user came from, and within it to what was open',
    async () => {
      const { page } = watched;
      expectedProblem = /embeddable-sandbox/;
      await createHelper(service);
      await page.goto(service.url);
      await page.getByRole('link', { name: 'Open the chat' }).first().click();
      await chat.button('+ New conversation').waitFor();
      await chat.send('Hello');
      await chat.hasEnded();
      await chat.button('+ New conversation').click();
      await page.getByRole('heading', { name: 'Helper' }).waitFor();
      await page.goBack();
      await chat.sees(/You wrote: Hello/);
      for (let steps = 0; steps < 5 && new URL(page.url()).pathname !== '/'; steps += 1) await page.goBack();
      await page.getByRole('link', { name: 'Open GraphiQL' }).first().waitFor();
      watched.requests.length = 0;
    },
  );

  test('runs that failed, expired or were cut short say why, and offer a way on', async () => {
    const { page } = watched;
    await openChat();
    await chat.send('/fail server_error');
    await chat.notice('The run failed').getByText('server_error').waitFor();
    await chat.button('Details').click();
    await page.getByRole('region', { name: 'Details of the response' }).getByText('no tool called').waitFor();
    await chat.notice('The run failed').getByRole('button', { name: 'Try again' }).click();
    await chat.notice('The run failed').waitFor();
    // Nothing was written, so the message is not sent a second time.
    expect(await page.locator('.from-user').count()).toBe(1);

    await chat.rewrite('ChatThread', (text) => text.replace('"status":"FAILED"', '"status":"EXPIRED"'));
    await page.reload();
    await chat.notice('The run expired').getByRole('button', { name: 'Try again' }).waitFor();

    await chat.send('/incomplete');
    const cut = chat.notice('The response was cut short');
    await cut.getByText('The limit of tokens was reached.').waitFor();
    await cut.getByRole('button', { name: 'Try again' }).click();
    await expectCount(page.locator('.from-user', { hasText: '/incomplete' }), 2);
    await cut.getByRole('button', { name: 'Continue' }).click();
    await chat.sees('Continue.');
    await chat.hasEnded();
    await chat.send('/incomplete content_filter');
    await cut.getByText('A content filter stopped the model.').waitFor();
  });

  slowTest('a run is stopped, also where the end of the run arrives before the response to the stop', async () => {
    await openChat();
    await chat.intercept('ChatCancelRun', async (route) => {
      const response = await route.fetch();
      await chat.notice('You stopped the run').waitFor();
      await route.fulfill({ response });
    });
    await chat.send('/slow 50\n/words 50000');
    await chat.sees(/one two/);
    const response = chat.responseTo('ChatCancelRun');
    await chat.button('Stop').click();
    await (await response).finished();
    await chat.notice('You stopped the run').getByRole('button', { name: 'Continue' }).waitFor();
    await chat.hasEnded();
    // Only the end of the page's own run decides: it is shown again after a reload.
    await watched.page.reload();
    await chat.notice('You stopped the run').waitFor();
  });

  test('a reload in the midst of a response and a lost connection leave nothing out and double nothing', async () => {
    expectedProblem = /net::ERR_/;
    const { page } = watched;
    const { proxy, finish } = await openChatWithPausedRun();
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
    expectedProblem = /net::ERR_/;
    // As a service does that stops.
    await chat.intercept('ChatFollowRun', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: 'event: complete\ndata:\n\n' }),
    );
    await watched.page.clock.install();
    const { proxy, finish } = await openChatWithPausedRun();
    await chat.sees(/one two three/);
    proxy.silence();
    finish();
    await watched.page.clock.fastForward('00:35');
    await chat.hasEnded();
    expect(await chat.words()).toEqual(WORDS);
  });

  slowTest('a message whose response is lost is sent again once', async () => {
    expectedProblem = /net::ERR_CONNECTION_RESET/;
    await openChat();
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
    expectedProblem = /net::ERR_CONNECTION_RESET/;
    const { page } = watched;
    await openChat();
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

  test('earlier messages of a long conversation are read on demand, and the reader stays at the same message', async () => {
    const { page } = watched;
    const title = 'A long conversation';
    const threadId = await createLongThread(service, { title, assistant_id: await openChat() }, 60);
    await page.goto(`${service.url}/chat#thread=${threadId}`);
    await page.reload();
    await chat.sees('Message 59');
    expect(await chat.conversation.getByText('Message 9', { exact: true }).count()).toBe(0);
    const first = chat.conversation.getByText('Message 10', { exact: true });
    await page.evaluate("document.querySelector('.scroll').scrollTop = 0");
    await chat.button('↓ Newest').waitFor();
    const before = await first.boundingBox();
    await chat.button('Earlier messages').click();
    await chat.sees('Message 0');
    expect(await chat.button('Earlier messages').count()).toBe(0);
    const after = await first.boundingBox();
    // The button above it is no longer there.
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? Infinity))).toBeLessThan(4);
    expect(await chat.conversation.getByText(/^Message \d+$/).count()).toBe(60);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Conversation');
    await chat.button('↓ Newest').click();
    await expectCount(chat.button('↓ Newest'), 0);
  });

  slowTest('parts of a message are shown in order: text, images and references', async () => {
    const { page } = watched;
    await openChat();
    await chat.intercept('ChatFollowRun', async (route) => {
      const body = partsStream(JSON.parse(route.request().postData() ?? '{}') as { variables: { runId: string } });
      await route.fulfill({ contentType: 'text/event-stream', body });
    });
    await chat.send('/hang');
    await chat.hasEnded();
    const response = page.locator('.from-assistant');
    await response.getByText('Image in file').waitFor();
    expect((await response.innerText()).split(/\n+/)).toEqual([
      'Helper',
      'See the figure:',
      'Image in file file-figure',
      'It says so [1].',
      'File file-handbook',
      'Written file file-table',
      'Copy',
      'Details',
    ]);
  });

  test('where callers need a credential, the page asks for one and keeps it in memory only', async () => {
    const { page } = watched;
    // The browser itself reports the response 401.
    expectedProblem = /status of 401/;
    const guarded = await startService({ UPSTREAM: 'local', AUTH_MODE: 'passthrough' });
    await page.goto(`${guarded.url}/chat`);
    await page.getByText('This service needs a key for the AIML API, or an access token.').waitFor();
    expect(await chat.button('Menu').count()).toBe(0);
    await page.getByLabel('Key or access token').fill('not a key');
    await chat.button('Continue').click();
    await page.getByText('It was not accepted').waitFor();
    await page.getByLabel('Key or access token').fill('a-secret-key');
    await chat.button('Continue').click();
    await page.getByText('There are no assistants yet.').waitFor();
    const stored = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])';
    expect(await page.evaluate(stored)).not.toContain('a-secret-key');
    await page.getByLabel('Name').fill('Of the first account');
    await chat.button('Create').click();
    await chat.message.waitFor();
    await chat.button('Change the key or token').click();
    await page.getByLabel('Key or access token').fill('another-key');
    await chat.button('Continue').click();
    await page.getByText('There are no assistants yet.').waitFor();
    await page.reload();
    await page.getByLabel('Key or access token').waitFor();
  });

  testAccessibility(async () => {
    await openChat();
    return { chat, service };
  });
  testChangesElsewhere(async () => {
    await openChat();
    return { chat, service };
  });
  testThreadList(async (url) => {
    await chat.open(url);
    return chat;
  });
  testHostileContent(async (url) => {
    if (url === undefined) await openChat();
    else await chat.open(url);
    return chat;
  });
});
