// The system's Chromium, headless, without its own network requests.
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { cleanUpLater } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

const EXECUTABLE = '/usr/bin/chromium';

/** Like `describe`, but skipped with a reason in the name if there is no Chromium. With `CI=true` it fails instead. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (existsSync(EXECUTABLE) || process.env['CI'] === 'true') {
    describe(name, tests);
    return;
  }
  process.stderr.write(`${name}: skipped, as there is no ${EXECUTABLE} (Debian's package chromium has it)\n`);
  describe.skip(name, tests);
}

/** It is closed when the test or the file has ended. */
export async function launchChromium(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    timeout: 180_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  cleanUpLater(() => browser.close());
  return browser;
}

export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** The URLs of all requests of the page, its frames and its workers. */
  readonly requests: URL[];
  /** Console warnings, console errors and uncaught errors. */
  readonly problems: string[];
  /** Closes the page with its profile. A request that a test still handles then is no error. */
  readonly close: () => Promise<void>;
}

/** Opens a page with a profile of its own. Requests to other machines fail at once, as without a network. */
export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 850 } });
  context.setDefaultTimeout(180_000);
  const page = await context.newPage();
  const requests: URL[] = [];
  const problems: string[] = [];
  context.on('request', (request) => requests.push(new URL(request.url())));
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => problems.push(error.error().message));
  await context.route(
    (url) => url.protocol.startsWith('http') && url.hostname !== '127.0.0.1',
    (route) => route.abort('internetdisconnected'),
  );
  const close = async () => {
    for (const routed of [context, ...context.pages()]) await routed.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  };
  return { page, context, requests, problems, close };
}

/** Waits until there are exactly `count` elements, and fails with the number that there are. */
export async function expectCount(locator: Locator, count: number): Promise<void> {
  await expectEventually(() => locator.count(), count);
}

/** Waits until `read` returns `expected`, and fails with what it returned last. */
export async function expectEventually<T>(read: () => Promise<T>, expected: T): Promise<void> {
  let value: T | undefined;
  await until(async () => {
    value = await read();
    return isDeepStrictEqual(value, expected);
  }, 60_000).catch(() => undefined);
  expect(value).toEqual(expected);
}
