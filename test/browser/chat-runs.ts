// Runs on the chat page that ended in another way than with a whole response.
import { expect, test } from '@jest/globals';
import { slowTest } from '../support/slow.ts';
import type { ChatTest } from './chat-page.ts';
import { expectCount } from './chromium.ts';

export function testRuns(current: () => ChatTest): void {
  test('runs that failed, expired or were cut short say why, and offer a way on', async () => {
    const { chat, page, open } = current();
    await open();
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
    const { chat, page, open } = current();
    await open();
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
    await page.reload();
    await chat.notice('You stopped the run').waitFor();
  });
}
