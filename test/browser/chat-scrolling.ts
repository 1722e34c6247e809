// Where the chat page is scrolled to.
import { expect, test } from '@jest/globals';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { createLongThread } from './chat-data.ts';
import type { ChatTest } from './chat-page.ts';
import { expectCount } from './chromium.ts';

export function testScrolling(current: () => ChatTest): void {
  test('earlier messages of a long conversation are read on demand, and the reader stays at the same message', async () => {
    const { chat, page, service, open } = current();
    const title = 'A long conversation';
    const threadId = await createLongThread(service, { title, assistant_id: await open() }, 60);
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

  slowTest('the end is followed until the reader scrolls up, and again when the reader is back', async () => {
    const { chat, page, open } = current();
    const place = () =>
      page.evaluate<{ readonly top: number; readonly fromEnd: number; readonly height: number }>(`(() => {
        const { scrollTop: top, scrollHeight: height, clientHeight } = document.querySelector('.scroll');
        return { top, height, fromEnd: height - top - clientHeight };
      })()`);
    await open();
    await page.setViewportSize({ width: 390, height: 500 });
    await chat.send('/slow 5\n/words 50000');
    await until(async () => (await place()).top > 100);
    expect((await place()).fromEnd).toBeLessThan(2);
    // The message box grows, and takes its height from the conversation.
    await chat.message.fill('a\nb\nc\nd');
    await until(async () => (await place()).fromEnd < 2);

    // Less than what counts as the end for a reader who comes from above.
    await page.evaluate("document.querySelector('.scroll').scrollTop -= 40");
    const { top, height } = await place();
    await until(async () => (await place()).height > height);
    expect((await place()).top).toBe(top);
    await chat.button('↓ Newest').click();
    await until(async () => (await place()).top > top + 40);
    await expectCount(chat.button('↓ Newest'), 0);
    expect(await page.evaluate('document.scrollingElement.scrollHeight <= innerHeight')).toBe(true);
    await chat.button('Stop').click();
    await chat.hasEnded();
  });
}
