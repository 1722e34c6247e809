// The chat page in a real browser, on the built-in model.
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { createDataDir, runNpm } from '../support/npm.ts';
import { listeningUrl } from '../support/process.ts';
import { startService, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { testAccessibility } from './chat-accessibility.ts';
import { testAccounts } from './chat-accounts.ts';
import { testConnections } from './chat-connections.ts';
import { createHelper, INSTRUCTIONS, partsStream } from './chat-data.ts';
import { testChangesElsewhere } from './chat-elsewhere.ts';
import { testHostileContent } from './chat-hostile-content.ts';
import { ChatPage, type ChatTest } from './chat-page.ts';
import { testRuns } from './chat-runs.ts';
import { testScrolling } from './chat-scrolling.ts';
import { testThreadList } from './chat-thread-list.ts';
import { describeInBrowser, launchChromium, openPage, type WatchedPage } from './chromium.ts';

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
  const openChat = async (url = service.url, of = service): Promise<string> => {
    const id = await createHelper(of);
    await chat.open(url);
    await watched.page
      .getByRole('navigation')
      .getByRole('button', { name: /^Helper/ })
      .click();
    return id;
  };

  const current = (): ChatTest => ({
    chat,
    page: watched.page,
    service,
    open: openChat,
    expectProblem: (pattern) => {
      expectedProblem = pattern;
    },
  });

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

  slowTest('a block of code is copied by itself', async () => {
    const { page, context } = watched;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await openChat();
    await chat.send('Look:\n\n```js\n1 + 1\n```\n\nThat is all.');
    await page.locator('.code-header').getByText('js', { exact: true }).waitFor();
    await chat.hasEnded();
    await chat.button('Copy code').click();
    await until(async () => (await page.evaluate('navigator.clipboard.readText()')) === '1 + 1\n');
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
    await response.locator('time').waitFor();
    expect((await response.innerText()).split(/\n+/).slice(1)).toEqual([
      'See the figure:',
      'Image in file file-figure',
      'It says so [1].',
      'File file-handbook',
      'Written file file-table',
      'Copy',
      'Details',
    ]);
  });

  for (const addTests of [
    testRuns,
    testConnections,
    testScrolling,
    testAccounts,
    testAccessibility,
    testChangesElsewhere,
    testThreadList,
    testHostileContent,
  ])
    addTests(current);
});
