// The list of conversations in the chat page, of which a page is read at a time.
import { expect } from '@jest/globals';
import { startService, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { createHelper } from './chat-data.ts';
import type { ChatTest } from './chat-page.ts';

export function testThreadList(current: () => ChatTest): void {
  slowTest('every conversation can be reached by keyboard, also those behind a deleted one', async () => {
    const service = await startService();
    await createHelper(service);
    const ids = await createThreads(service, 120);
    const { chat, page } = current();
    await chat.open(service.url);
    const sidebar = page.getByRole('navigation');
    const more = chat.button('Show more conversations');
    const conversations = sidebar.getByRole('button', { name: /^Topic \d+$/ });
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await more.waitFor();
    expect(await conversations.count()).toBe(50);
    await chat.loadAxe();
    await page.reload();

    await more.press('Enter');
    await until(async () => (await focused()) === 'Topic 69');
    expect(await conversations.count()).toBe(100);
    await sidebar.getByRole('status').getByText('50 more conversations are shown.').waitFor({ state: 'attached' });
    expect(await chat.violations()).toEqual([]);

    // The cursor of the last one is stale then.
    await service.query('mutation($input: DeleteThreadInput!) { deleteThread(input: $input) { deletedThreadId } }', {
      input: { id: ids[20] },
    });
    await chat.intercept('ChatThreads', (route) => route.fulfill({ json: { errors: [{ message: 'It failed.' }] } }));
    await more.press('Enter');
    await sidebar.getByRole('alert').getByText('It failed.').waitFor();
    await until(async () => (await focused()) === 'Show more conversations');
    await more.press('Enter');
    await until(async () => (await focused()) === 'Topic 19');
    expect(await more.count()).toBe(0);
    expect(await conversations.allInnerTexts()).toEqual(Array.from({ length: 120 }, (_item, n) => `Topic ${119 - n}`));
  });
}

/** The oldest is `Topic 0`. Returns their ids in this order. */
async function createThreads(service: TestService, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { data } = await service.query(
      'mutation($input: CreateThreadInput!) { createThread(input: $input) { thread { id } } }',
      { input: { metadata: { title: `Topic ${index}` } } },
    );
    ids.push((data as { createThread: { thread: { id: string } } }).createThread.thread.id);
  }
  return ids;
}
