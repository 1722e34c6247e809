// The chat page where callers need a credential.
import { expect, test } from '@jest/globals';
import { openStream, sendChunk, startStagedModelApi, toChunk } from '../local-aiml/engine/staged-model-api.ts';
import { startService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import type { ChatTest } from './chat-page.ts';

/** Each caller's key is the key for the model API as well. */
const startGuarded = (modelApiUrl: string) =>
  startService({ UPSTREAM: 'local', AUTH_MODE: 'passthrough', MODEL_API_BASE_URL: modelApiUrl });

export function testAccounts(current: () => ChatTest): void {
  test('where callers need a credential, the page asks for one and keeps it in memory only', async () => {
    const { chat, page, expectProblem } = current();
    // The browser itself reports the response 401.
    expectProblem(/status of 401/);
    const guarded = await startGuarded('http://127.0.0.1:1/v1');
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
  slowTest('another key closes what the account before had open, and nothing of it stays', async () => {
    const { chat, page, expectProblem } = current();
    expectProblem(/status of 401/);
    const model = await startStagedModelApi((_request, response) => {
      openStream(response);
      sendChunk(response, toChunk({ content: 'A response that has no end' }));
    });
    const guarded = await startGuarded(model.url);
    const submitKey = async (key: string) => {
      await page.getByLabel('Key or access token').fill(key);
      await chat.button('Continue').click();
    };
    const content = () => page.evaluate<string>('document.title + location.href + document.documentElement.innerHTML');
    await page.goto(`${guarded.url}/chat`);
    await submitKey('the-first-key');
    await page.getByLabel('Name').fill('First desk');
    await chat.button('Create').click();
    await chat.send('A secret of the first account');
    await chat.sees('A response that has no end');
    await chat.message.fill('A draft of the first account');
    const { hash } = new URL(page.url());

    await chat.button('Change the key or token').click();
    await chat.button('Cancel').click();
    await chat.sees(/A secret of the first account/);
    await chat.button('Change the key or token').click();
    await submitKey('the-second-key');
    await page.getByText('There are no assistants yet.').waitFor();
    expect(await content()).not.toMatch(/first account|First desk|has no end|secret|thread_|asst_/);
    // The stream of the first account has ended, and the history does not lead back to its conversation.
    expect(await chat.button('Stop').count()).toBe(0);
    await page.evaluate('history.back()');
    await until(async () => !(await page.evaluate<string>('location.hash')).includes('thread='));
    expect(await content()).not.toMatch(/First desk|has no end|secret|draft/);

    await page.goto(`${guarded.url}/chat${hash}`);
    await page.reload();
    await submitKey('not a key');
    await page.getByText('It was not accepted').waitFor();
    await submitKey('the-first-key');
    await chat.sees('A secret of the first account');
  });

  slowTest('where upstream cannot list threads, an account sees only those of its own assistants', async () => {
    const { chat, page, service, open } = current();
    const id = await open();
    await page.evaluate(
      `localStorage.setItem('chat:threads', '${JSON.stringify([
        { id: 'thread_own', title: 'Of this account', assistantId: id },
        { id: 'thread_other', title: 'Of another account', assistantId: 'asst_other' },
      ])}')`,
    );
    await page.route('**/graphql', (route) =>
      /query ChatThreads\b/.test(route.request().postData() ?? '')
        ? route.fulfill({
            json: { errors: [{ message: 'Not here.', extensions: { code: 'UNSUPPORTED_BY_UPSTREAM' } }] },
          })
        : route.fallback(),
    );
    await chat.open(service.url);
    await page.getByRole('navigation').getByRole('button', { name: 'Of this account', exact: true }).waitFor();
    expect(await page.getByText('Of another account').count()).toBe(0);
  });
}
