// The chat page where callers need a credential.
import { expect, test } from '@jest/globals';
import { startService } from '../support/service.ts';
import type { ChatTest } from './chat-page.ts';

export function testAccounts(current: () => ChatTest): void {
  test('where callers need a credential, the page asks for one and keeps it in memory only', async () => {
    const { chat, page, expectProblem } = current();
    // The browser itself reports the response 401.
    expectProblem(/status of 401/);
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
}
