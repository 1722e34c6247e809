// The chat page in a real browser, on the built-in model.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { cleanUpLater } from '../support/cleanup.ts';
import { startService, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { describeInBrowser, launchChromium, openPage, type WatchedPage } from './chromium.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const INSTRUCTIONS = 'Be brief.';

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Forwards everything. `cut` destroys all open connections. */
async function startCuttingProxy(target: string): Promise<{ readonly url: string; readonly cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  cleanUpLater(() => {
    cut();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}

describeInBrowser('The chat in a browser', () => {
  let service: TestService;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(), launchChromium()]);
    await service.query(
      `mutation($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }`,
      {
        input: {
          model: 'gpt-4o',
          name: 'Helper',
          instructions: INSTRUCTIONS,
          tools: [
            {
              function: {
                name: 'get_weather',
                description: 'The weather of a city.',
                parameters: { type: 'object', properties: { city: { type: 'string', description: 'A city' } } },
              },
            },
          ],
        },
      },
    );
  });
  afterAll(() => Promise.all([browser.close(), service.stop()]));
  beforeEach(async () => {
    watched = await openPage(browser);
    page = watched.page;
    await page.goto(`${service.url}/chat`);
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
  });
  afterEach(async () => {
    expect(watched.requests.filter(({ origin }) => origin !== service.url)).toEqual([]);
    await watched.context.close();
  });
  const expectNoProblems = () => expect(watched.problems).toEqual([]);

  const send = async (text: string) => {
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await page.keyboard.press('Enter');
  };
  const sees = (text: string | RegExp) => page.getByRole('log').getByText(text).last().waitFor();
  const hasEnded = () => page.getByRole('button', { name: 'Send', exact: true }).waitFor();
  const violations = async (): Promise<readonly string[]> => {
    const result = await page.evaluate<AxeResult>('axe.run()');
    return result.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  };

  test('a new visitor sends a message, reads the streamed response, and finds it again after a reload', async () => {
    await page.locator('summary').click();
    await page.getByText(INSTRUCTIONS, { exact: true }).waitFor();
    await page.locator('details').getByText('get_weather').waitFor();
    await send('Hello **you** <img src=x onerror=alert(1)>');
    await sees(/no AI/);
    await hasEnded();
    await page.reload();
    await sees(/no AI/);
    await page
      .getByRole('navigation')
      .getByRole('button', { name: /^Hello/ })
      .first()
      .waitFor();
    expect(await page.locator('.markdown img').count()).toBe(0);
    expectNoProblems();
  });

  test('a tool call is shown with its arguments, and the run continues with the output', async () => {
    await send('/tool get_weather {"city":"Oslo"}');
    const form = page.getByRole('form', { name: 'Tool calls' });
    await form.getByText('Oslo').waitFor();
    await form.getByText('string: A city').waitFor();
    await form.getByRole('textbox', { name: 'Output' }).fill('sunny, 21 degrees');
    await form.getByRole('button', { name: 'Submit output' }).click();
    await sees(/sunny, 21 degrees/);
    await hasEnded();
    expectNoProblems();
  });

  test('a run that does not complete shows the reason and, if it failed, a button to try again', async () => {
    await send('/fail server_error');
    await page.getByRole('alert', { name: 'The run failed' }).getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert', { name: 'The run failed' }).waitFor();
    await send('/incomplete');
    await page.getByRole('alert', { name: 'The response was cut short' }).waitFor();
    await send('/slow 200\n/words 200');
    await sees(/one two/);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alert', { name: 'You stopped the run' }).waitFor();
    expectNoProblems();
  });

  test('a reload in the middle of a response continues the response', async () => {
    await send('/slow 100\n/words 40');
    await sees(/one two three/);
    await page.reload();
    await sees(/one two three/);
    await hasEnded();
    const text = await page.locator('.markdown').innerText();
    expect(text.trim().split(/\s+/)).toHaveLength(40);
    expectNoProblems();
  });

  test('the page reconnects after a lost connection, and no text is missing or duplicated', async () => {
    const proxy = await startCuttingProxy(service.url);
    watched.requests.length = 0;
    await page.goto(`${proxy.url}/chat`);
    await send('/slow 100\n/words 60');
    await sees(/one two three/);
    proxy.cut();
    await page.getByText('The connection was lost. Connecting again …').waitFor();
    await hasEnded();
    proxy.cut();
    const text = await page.locator('.markdown').innerText();
    expect(text.trim().split(/\s+/)).toHaveLength(60);
    const { data } = await service.query('{ threads(first: 1) { nodes { messages { nodes { role } } } } }');
    const { threads } = data as { threads: { nodes: { messages: { nodes: unknown[] } }[] } };
    expect(threads.nodes[0]?.messages.nodes).toHaveLength(2);
    expect(new Set(watched.requests.map(({ origin }) => origin))).toEqual(new Set([proxy.url]));
    watched.requests.length = 0;
  });

  test('a message whose response was lost is created only once when it is sent again', async () => {
    await page.route(
      '**/graphql',
      async (route) => {
        // The service receives the request, but the page gets no response.
        await route.fetch();
        await route.abort('connectionreset');
      },
      { times: 1 },
    );
    await send('Only once, please');
    await page.getByRole('button', { name: 'Send again' }).click();
    await hasEnded();
    await sees(/You wrote: Only once, please/);
    const { data } = await service.query('{ threads(first: 100) { nodes { metadata } } }');
    const { threads } = data as { threads: { nodes: { metadata: { title?: string } }[] } };
    expect(threads.nodes.filter(({ metadata }) => metadata.title === 'Only once, please')).toHaveLength(1);
  });

  slowTest.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('axe finds no violation in the %s theme at %d pixels in any state', async (colorScheme, width) => {
    // Through the browser's protocol, because the page's policy allows no other script.
    await page.addInitScript({ path: AXE });
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    await page.reload();
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    expect(await violations()).toEqual([]);
    await send('Hello\n\n| a | b |\n| - | - |\n| 1 | 2 |');
    await hasEnded();
    expect(await violations()).toEqual([]);
    await send('/tool get_weather {"city":"Oslo"}');
    await page.getByRole('form', { name: 'Tool calls' }).waitFor();
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alert', { name: 'You stopped the run' }).waitFor();
    expect(await violations()).toEqual([]);
    if (width === 390) {
      await page.getByRole('button', { name: 'Menu' }).click();
      expect(await violations()).toEqual([]);
    }
    // The page does not scroll sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  slowTest('a whole conversation can be held by keyboard', async () => {
    const tabTo = async (name: string | RegExp) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press('Tab');
        const label = await page.evaluate<string>(
          "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id + ' ' + document.activeElement?.textContent",
        );
        if (typeof name === 'string' ? label.includes(name) : name.test(label)) return;
      }
      throw new Error(`the keyboard does not reach ${String(name)}`);
    };
    await tabTo('Helper');
    await page.keyboard.press('Enter');
    await tabTo('message');
    await page.keyboard.type('/tool get_weather {"city":"Oslo"}');
    await page.keyboard.press('Enter');
    await page.getByRole('form', { name: 'Tool calls' }).waitFor();
    await page.locator('body').press('Tab');
    await page.evaluate('document.activeElement.blur()');
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate("document.activeElement.tagName === 'TEXTAREA' && document.activeElement.id === ''"))
        break;
    }
    await page.keyboard.type('rain');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await sees(/rain/);
    await hasEnded();
  });
});

describeInBrowser('The chat of a service that requires a credential', () => {
  test('shows a form for the credential and keeps it in memory only', async () => {
    const [service, browser] = await Promise.all([
      startService({ UPSTREAM: 'local', AUTH_MODE: 'passthrough' }),
      launchChromium(),
    ]);
    const { page } = await openPage(browser);
    await page.goto(`${service.url}/chat`);
    await page.getByLabel('Key or access token').fill('a-secret-key');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('There are no assistants yet.').waitFor();
    expect(
      await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
    ).not.toContain('a-secret-key');
    await page.reload();
    await page.getByLabel('Key or access token').waitFor();
  });
});

test('the chat is not served if EXPLORER is off', async () => {
  const service = await startService({ EXPLORER: 'false' });
  expect((await fetch(`${service.url}/chat`)).status).toBe(404);
});
