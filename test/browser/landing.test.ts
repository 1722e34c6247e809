// The landing page in a real browser, with a stand-in for the files that Apollo serves.
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { Browser } from 'playwright-core';
import { slowTest } from '../support/slow.ts';
import { startService, type TestService } from '../support/service.ts';
import { describeInBrowser, expectCount, launchChromium, openPage, type WatchedPage } from './chromium.ts';

const SANDBOX_SCRIPT = 'https://embeddable-sandbox.cdn.apollographql.com/**';
const SANDBOX_FRAME = 'https://sandbox.embed.apollographql.com/**';

/** The part of Apollo's script that matters here: it requests the icon and opens a frame of Apollo. */
const standIn = `window.EmbeddedSandbox = class {
  constructor(options) {
    window.sandboxOptions = options;
    const frame = document.createElement('iframe');
    frame.src = 'https://sandbox.embed.apollographql.com/sandbox/explorer?endpoint=' + options.initialEndpoint;
    document.querySelector(options.target).append(frame);
  }
};`;

describeInBrowser('the landing page in a browser', () => {
  let service: TestService;
  let browser: Browser;
  let watched: WatchedPage;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(), launchChromium()]);
  });
  beforeEach(async () => {
    watched = await openPage(browser);
  });
  afterEach(() => watched.close());

  test('links to GraphiQL if the browser has no internet access', async () => {
    const { page, problems } = watched;
    await page.goto(service.url);
    await page.getByText('this browser does not reach the internet').waitFor();
    const links = page.getByRole('link', { name: 'Open GraphiQL' });
    await expectCount(links, 2);
    await links.first().click();
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    expect(page.url()).toBe(`${service.url}/graphiql`);
    // The only error is the browser's own, about Apollo's script.
    expect(problems).toEqual([expect.stringContaining('net::ERR_INTERNET_DISCONNECTED')]);
  });

  test('shows a message if Apollo’s script does not arrive', async () => {
    const { page, context } = watched;
    await context.route(SANDBOX_SCRIPT, () => undefined);
    await page.clock.install();
    await page.goto(service.url, { waitUntil: 'domcontentloaded' });
    await page.clock.fastForward('00:09');
    await page.getByText('Apollo’s server does not respond').waitFor();
  });

  test('opens Apollo Sandbox on this service if the browser has internet access', async () => {
    const { page, context, problems } = watched;
    await context.route(SANDBOX_SCRIPT, (route) => route.fulfill({ contentType: 'text/javascript', body: standIn }));
    await context.route(SANDBOX_FRAME, (route) => route.fulfill({ contentType: 'text/html', body: 'Sandbox' }));
    await page.goto(service.url);
    await page.frameLocator('iframe').getByText('Sandbox').waitFor();
    expect(await page.evaluate('window.sandboxOptions.initialEndpoint')).toBe(`${service.url}/graphql`);
    await page.getByRole('link', { name: 'Open GraphiQL' }).waitFor();
    const frame = await page.locator('iframe').boundingBox();
    expect(frame?.width).toBe(1400);
    expect(frame?.height).toBeGreaterThan(750);
    expect(problems).toEqual([]);
  });

  slowTest('loads no external script but Apollo Sandbox', async () => {
    const { page } = watched;
    await page.goto(service.url);
    const rejection = page.evaluate(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (violation) =>
        resolve(violation.effectiveDirective + ' ' + violation.blockedURI));
      document.head.append(Object.assign(document.createElement('script'), { src: 'https://evil.example/x.js' }));
    })`);
    expect(await rejection).toBe('script-src-elem https://evil.example/x.js');
  });

  slowTest('a page of Apollo’s own Sandbox may introspect this service', async () => {
    const { page, context } = watched;
    await context.grantPermissions(['local-network-access'], { origin: 'https://studio.apollographql.com' });
    await context.route('https://studio.apollographql.com/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: 'Studio' }),
    );
    await page.goto('https://studio.apollographql.com/sandbox/explorer');
    const queryType = await page.evaluate(
      async ([url, query]) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: 'Bearer x',
            'apollo-require-preflight': 'true',
            'x-apollo-operation-name': 'IntrospectionQuery',
          },
          body: JSON.stringify({ query, operationName: 'IntrospectionQuery' }),
          credentials: 'omit',
        });
        const { data } = (await response.json()) as { data: { __schema: { queryType: { name: string } } } };
        return data.__schema.queryType.name;
      },
      [`${service.url}/graphql`, getIntrospectionQuery()] as const,
    );
    expect(queryType).toBe('Query');
  });
});
