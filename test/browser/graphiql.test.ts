// GraphiQL in a real browser.
import { readdir, readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { Browser, Request } from 'playwright-core';
import { runProcess } from '../support/process.ts';
import { slowTest } from '../support/slow.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { AXE, type AxeResult } from './chat-page.ts';
import {
  describeInBrowser,
  expectCount,
  expectEventually,
  launchChromium,
  openPage,
  type WatchedPage,
} from './chromium.ts';

const SECRET = 'Bearer only-for-this-tab';

/** The text of a description on a page: the Markdown without the backticks of code. */
const shown = (description: string | null | undefined) => (description ?? 'no description').replaceAll('`', '');

/** Not a request of the page itself, which reads the schema and, for the examples, the newest ids. */
const isOfTheEditor = (request: Request): boolean => {
  if (!request.url().endsWith('/graphql')) return false;
  const { operationName } = JSON.parse(request.postData() ?? '{}') as { operationName?: string | null };
  return typeof operationName === 'string' && operationName !== 'IntrospectionQuery';
};

describeInBrowser('GraphiQL in a browser', () => {
  let service: TestService;
  let browser: Browser;
  let watched: WatchedPage;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    // Each test has a service and a profile of its own, so that it finds nothing of another test, nor of its own first try.
    [service, watched] = await Promise.all([startService(), openPage(browser)]);
    await watched.page.goto(`${service.url}/graphiql`);
    await watched.page.locator('.graphiql-query-editor .view-line').first().waitFor();
  });
  afterEach(async () => {
    await watched.close();
    expect(
      new Set(watched.requests.filter(({ protocol }) => protocol !== 'data:').map(({ origin }) => origin)),
    ).toEqual(new Set([service.url]));
    expect(watched.problems).toEqual([]);
  });

  /** Opens an example and waits until its document, its variables and its tab are shown. */
  async function openExample(name: string): Promise<void> {
    const { page } = watched;
    await page
      .getByRole('region', { name: 'Examples' })
      .getByRole('button', { name: new RegExp(`^${name}\\b`) })
      .click();
    await page
      .locator('.graphiql-query-editor .view-line', { hasText: new RegExp(`\\s${name}\\b`) })
      .first()
      .waitFor();
    if (name !== 'Models')
      await page
        .locator('.graphiql-editor-tool .view-line', { hasText: /"(?:id|ids|threadId|first|last|input)"/ })
        .first()
        .waitFor();
    await page.locator(`.graphiql-tab-active [title="${name}"]`).waitFor();
  }

  /** Executes the operation of the active tab and returns the response. */
  async function run(): Promise<{ data: unknown; errors: unknown; headers: Record<string, string> }> {
    const { page } = watched;
    const [response] = await Promise.all([
      page.waitForResponse((response) => isOfTheEditor(response.request())),
      page.getByRole('button', { name: /^Execute query/ }).click(),
    ]);
    const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
    return { data, errors, headers: await response.request().allHeaders() };
  }

  const seesInResponse = (text: string) =>
    watched.page.locator('.graphiql-response .view-line', { hasText: text }).first().waitFor();

  /** Waits until GraphiQL has stored its tabs, half a second after the last change. */
  async function tabsAreStored(holding: string): Promise<void> {
    const read = () => watched.page.evaluate<string | null>("localStorage.getItem('graphiql:tabState')");
    await until(async () => (await read())?.includes(holding) === true);
  }

  slowTest.each(['light', 'dark'] as const)(
    'has landmarks, headings and contrast of its own, in the %s theme',
    async (colorScheme) => {
      const { page } = watched;
      await page.emulateMedia({ colorScheme });
      await page.addInitScript({ path: AXE });
      await page.reload();
      await page.locator('.graphiql-query-editor .view-line').first().waitFor();
      await page.getByRole('button', { name: /^Assistant\b/ }).waitFor();
      // What is inside GraphiQL: buttons in tabs, and the colours of its editor.
      const rules = { 'nested-interactive': { enabled: false } };
      const { violations } = await page.evaluate<AxeResult>(
        `axe.run({ exclude: ['.view-lines'] }, { rules: ${JSON.stringify(rules)} })`,
      );
      expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
    },
  );

  test('holds a conversation by its examples, follows its run without a setting, and opens it again on the second visit', async () => {
    const { page } = watched;
    await openExample('CreateAssistant');
    const { createAssistant } = (await run()).data as { createAssistant: { assistant: { id: string } } };
    const { id } = createAssistant.assistant;
    await seesInResponse(id);
    await openExample('AssistantsForward');
    expect((await run()).data).toMatchObject({ assistants: { edges: [{ node: { id, name: 'Weather desk' } }] } });
    await openExample('CreateThreadAndRun');
    const { createThreadAndRun } = (await run()).data as {
      createThreadAndRun: { thread: { id: string }; run: { id: string } };
    };
    await openExample('FollowRun');
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await seesInResponse('COMPLETED');
    await openExample('Thread');
    expect((await run()).data).toMatchObject({ thread: { id: createThreadAndRun.thread.id } });
    await tabsAreStored(createThreadAndRun.thread.id);
    await page.reload();
    await openExample('Thread');
    expect((await run()).data).toMatchObject({ thread: { id: createThreadAndRun.thread.id } });
  });

  slowTest(
    'each example returns data after npm run seed, on the first and on the second visit',
    async () => {
      const { page } = watched;
      const seed = runProcess({}, { entry: 'commands/seed.js', args: [service.url] });
      expect(await seed.exit).toBe(0);
      const names = await page.getByRole('region', { name: 'Examples' }).locator('strong').allTextContents();
      const deletesLast = (name: string) => Number(name.startsWith('Delete'));
      names.sort((one, other) => deletesLast(one) - deletesLast(other));
      for (const visit of ['first', 'second']) {
        for (const name of names) {
          await openExample(name);
          if (name === 'FollowRun') {
            await page.getByRole('button', { name: /^Execute query/ }).click();
            await seesInResponse('runEvents');
            await page
              .getByRole('button', { name: /^Stop/ })
              .or(page.getByRole('button', { name: /^Execute/ }))
              .first()
              .waitFor();
            continue;
          }
          const { data, errors } = await run();
          const [value] = Object.values((data ?? {}) as Record<string, unknown>);
          expect({ visit, name, errors, hasData: value !== null && value !== undefined }).toEqual({
            visit,
            name,
            errors: undefined,
            hasData: true,
          });
        }
        await tabsAreStored('deleteThread(');
        await page.reload();
      }
    },
    600_000,
  );

  slowTest('shows the variables of the first example on the second visit', async () => {
    const { page } = watched;
    const variables = page.locator('.graphiql-editor-tool .view-line', { hasText: '"first": 10' });
    await variables.first().waitFor();
    await page.reload();
    await variables.first().waitFor();
    await expectCount(page.getByRole('tab', { name: /Assistant/ }), 2);
  });

  slowTest('opens each example in its own tab, with its variables', async () => {
    const { page } = watched;
    const names = await page.getByRole('region', { name: 'Examples' }).locator('strong').allTextContents();
    expect(names).toHaveLength((await readdir('schema/operations')).filter((file) => file.endsWith('.graphql')).length);
    for (const name of names) await openExample(name);
  });

  slowTest('keeps edited tabs over a reload', async () => {
    const { page } = watched;
    await openExample('DeleteAssistant');
    await page.getByRole('tab', { name: 'DeleteAssistant' }).waitFor();
    await tabsAreStored('deleteAssistant(');
    await page.reload();
    await page.locator('.graphiql-query-editor .view-line', { hasText: 'deleteAssistant' }).first().waitFor();
    await expectCount(page.getByRole('tab', { name: /Assistant/ }), 3);
  });

  slowTest('shows the descriptions of the schema in its documentation', async () => {
    const { page } = watched;
    const schema = buildSchema(await readFile('schema/schema.graphql', 'utf8'));
    const query = schema.getQueryType()?.getFields()['assistants'];
    const type = schema.getType('Assistant');
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const docs = page.locator('.graphiql-doc-explorer');
    await docs.getByRole('link', { name: 'Query' }).click();
    await docs.getByText(shown(query?.description)).waitFor();
    await docs.getByRole('link', { name: 'Assistant', exact: true }).click();
    await docs.getByText(shown(type?.description)).waitFor();
    await expectCount(docs.getByText(shown(query?.description)), 0);
  });

  slowTest('shows its pane, the operation and the response one below the other in a narrow window', async () => {
    const { page } = watched;
    await page.setViewportSize({ width: 390, height: 844 });
    await run();
    await seesInResponse('"assistants"');
    // The editors take their size some time after the window has changed.
    const layout = async () => {
      const parts = ['.graphiql-plugin', '.graphiql-query-editor', '.graphiql-response'];
      const boxes = await Promise.all(parts.map((part) => page.locator(part).boundingBox()));
      const rectangles = boxes.map((box) => box ?? { x: 0, y: 0, width: 0 });
      const tops = rectangles.map(({ y }) => y);
      return {
        fits: rectangles.map(({ x, width }) => width > 250 && x + width <= 390),
        isInOrder: isDeepStrictEqual(
          tops,
          tops.toSorted((left, right) => left - right),
        ),
      };
    };
    await expectEventually(layout, { fits: [true, true, true], isInOrder: true });
  });

  test('sends the headers that were typed in, and does not store them', async () => {
    const { page } = watched;
    await page.getByRole('button', { name: 'Headers' }).click();
    const editor = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden)');
    await editor.locator('.view-lines').click();
    await page.keyboard.insertText(JSON.stringify({ authorization: SECRET }));
    await editor.locator('.view-line', { hasText: SECRET }).waitFor();
    expect((await run()).headers['authorization']).toBe(SECRET);
    await tabsAreStored('"headers":null');
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(SECRET);
  });
});
