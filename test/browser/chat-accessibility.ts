// The chat page by keyboard, and for users of screen readers.
import { expect } from '@jest/globals';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import type { ChatTest } from './chat-page.ts';

export function testAccessibility(current: () => ChatTest): void {
  slowTest.each([
    ['dark', 390],
    ['light', 1280],
    ['light', 390],
    ['dark', 1280],
  ] as const)('axe finds nothing in the %s theme at %d pixels, in any state', async (colorScheme, width) => {
    const { chat, page, service, open } = current();
    await open();
    await chat.loadAxe();
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme });
    await page.reload();
    await chat.message.waitFor();
    const found: Record<string, readonly string[]> = {};
    const check = async (state: string) => {
      found[state] = await chat.violations();
    };
    await page.locator('summary').click();
    await check('a new conversation, with the details of the assistant');
    await page.locator('summary').click();
    await chat.send('# Title\n\n### Part\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n- [x] done\n\n```\ncode\n```');
    await chat.hasEnded();
    await check('a response');
    await chat.send('/tool get_weather {"unit":"kelvin","place":{"name":"Oslo"}}');
    await chat.toolCalls.getByRole('textbox', { name: 'Output' }).fill('{');
    await check('a tool call');
    await chat.button('Stop').click();
    await chat.notice('You stopped the run').waitFor();
    await check('a stopped run');
    await chat.send('/fail');
    await chat.notice('The run failed').waitFor();
    await check('a failed run');
    await chat.send('/incomplete');
    await chat.notice('The response was cut short').waitFor();
    await check('an incomplete response');
    await chat.send('/slow 20\n/words 50000');
    await chat.sees(/one two/);
    await check('a response that is written');
    await chat.button('Stop').click();
    await chat.hasEnded();
    await chat.intercept('ChatSendMessage', (route) =>
      route.fulfill({ json: { errors: [{ message: 'It failed.' }] } }),
    );
    await chat.send('Hello');
    await chat.button('Send again').waitFor();
    await check('a message that was not sent');
    if (width === 390) {
      await chat.button('Menu').click();
      await check('the menu');
    }
    await chat.button('+ New assistant').click();
    await chat.modelIsChosen();
    await chat.model.fill('');
    await chat.button('Create').click();
    await page.getByText('must not be blank').waitFor();
    await check('a new assistant');
    await page.goto(`${service.url}/chat#thread=thread_none`);
    await page.getByText('does not exist any more').waitFor();
    await check('an unknown conversation');
    expect(Object.entries(found).filter(([, violations]) => violations.length > 0)).toEqual([]);
  });

  slowTest('everything can be done by keyboard, and the focus is visible and never lost', async () => {
    const { chat, page, open } = current();
    await open();
    const focused = () =>
      page.evaluate<{ readonly label: string; readonly isVisible: boolean }>(`(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const label = element.getAttribute('aria-label') ?? (element.id || element.labels?.[0]?.textContent || element.textContent);
        return { label, isVisible: outlineStyle !== 'none' && outlineWidth !== '0px' };
      })()`);
    const tabTo = async (name: RegExp, key = 'Tab') => {
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press(key);
        const { label, isVisible } = await focused();
        expect({ label, isVisible }).toEqual({ label, isVisible: true });
        if (name.test(label)) return;
      }
      throw new Error(`the keyboard does not reach ${String(name)}`);
    };
    await page.reload();
    await chat.message.waitFor();
    for (const name of [/^Assistants$/, /^GraphiQL$/, /theme/, /^Helper/, /New assistant/]) await tabTo(name);
    await tabTo(/^message$/);
    await page.keyboard.type('/tool get_weather {"city":"Oslo"}');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('A second line');
    expect(await chat.message.inputValue()).toBe('/tool get_weather {"city":"Oslo"}\nA second line');
    await page.keyboard.press('Enter');
    await chat.toolCalls.waitFor();
    await tabTo(/^Output/, 'Shift+Tab');
    await page.keyboard.type('rain');
    await tabTo(/Submit output/);
    await page.keyboard.press('Enter');
    await chat.sees(/rain/);
    await chat.hasEnded();
    expect((await focused()).label).toBe('message');
    await page.keyboard.type('/slow 50\n');
    await page.keyboard.press('Enter');
    await page.keyboard.type('/slow 50');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('/words 50000');
    await chat.hasEnded();
    await page.keyboard.press('Enter');
    await chat.sees(/one two/);
    await page.keyboard.press('Escape');
    await chat.notice('You stopped the run').waitFor();
    await tabTo(/^Try again$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    expect((await focused()).label).toBe('message');
  });

  slowTest('on a phone the menu opens and closes by keyboard', async () => {
    const { chat, page, open } = current();
    await open();
    await page.setViewportSize({ width: 390, height: 844 });
    await chat.button('Menu').press('Enter');
    await page.getByRole('navigation').waitFor();
    // What is behind the menu cannot be reached.
    await page.evaluate("document.getElementById('message').focus()");
    expect(await page.evaluate('document.activeElement.id')).not.toBe('message');
    await chat.button('Menu').press('Escape');
    await page.getByRole('navigation').waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Menu');
  });

  slowTest('on a phone everything to press is large enough for a finger', async () => {
    const { chat, page, open } = current();
    await open();
    await page.setViewportSize({ width: 390, height: 844 });
    await chat.send('Look:\n\n```js\n1 + 1\n```\n\nThat is all.');
    await chat.button('Copy code').waitFor();
    await chat.hasEnded();
    const small = () =>
      page.evaluate<readonly string[]>(`[...document.querySelectorAll('button, summary, header a')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 40)
        .map(({ textContent }) => textContent)`);
    expect(await small()).toEqual([]);
    await chat.button('Menu').click();
    await page.getByRole('navigation').waitFor();
    expect(await small()).toEqual([]);
  });

  slowTest('shortcuts begin a conversation and lead to the message box', async () => {
    const { chat, page, open } = current();
    await open();
    await chat.send('/hang');
    await chat.conversation.getByRole('img', { name: 'is writing' }).waitFor();
    await page.keyboard.press('Control+Shift+O');
    await page.getByRole('heading', { name: 'Helper' }).waitFor();
    expect(new URL(page.url()).hash).not.toContain('thread=');
    await page.getByRole('link', { name: 'GraphiQL' }).focus();
    await page.keyboard.press('Shift+Escape');
    await until(() => page.evaluate<boolean>("document.activeElement.id === 'message'"));
  });

  slowTest('a response is read out in whole sentences, each once, and one of the past is not', async () => {
    const { chat, page, open } = current();
    await open();
    const log = page.getByRole('log', { name: 'What the assistant writes' });
    await chat.send('First sentence. Second sentence.');
    await chat.hasEnded();
    const spoken = async () => (await log.innerText()).replaceAll(/\s+/g, ' ').trim();
    await until(async () => (await spoken()).endsWith('I can do.'));
    expect(await spoken()).toBe((await chat.words()).join(' '));
    await page.reload();
    await chat.sees(/Second sentence/);
    expect(await log.innerText()).toBe('');
  });
}
