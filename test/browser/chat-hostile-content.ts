// Content that attacks the chat page. Nothing of it may run, and nothing that it names may be loaded.
import { expect } from '@jest/globals';
import { startService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import type { ChatTest } from './chat-page.ts';

const HOSTILE_MARKDOWN = [
  'Hello **you** <img src=x onerror=alert(1)> <script>alert(1)</script> ![picture](https://example.com/x.png)',
  '[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](/graphql) [f](//example.com)',
  '![g](data:image/svg+xml,x) <javascript:alert(1)> [mail](mailto:a@example.com) <iframe src=x></iframe>',
  '- [x] done',
].join('\n\n');

export function testHostileContent(current: () => ChatTest): void {
  slowTest('text of a message is Markdown, in which no HTML is and nothing is loaded', async () => {
    const { chat, page, open } = current();
    await open();
    await chat.send(HOSTILE_MARKDOWN);
    await chat.hasEnded();
    const text = page.locator('.markdown');
    await text.locator('strong', { hasText: 'you' }).waitFor();
    expect(await text.locator('img, iframe, script, input, form').count()).toBe(0);
    expect(await text.getByRole('link').allTextContents()).toEqual(['picture', 'mail']);
    expect(await text.getByRole('img').count()).toBe(1);
  });

  slowTest('names, descriptions, instructions, titles and arguments are text, whatever they contain', async () => {
    const attack = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
    const hostile = await startService();
    const tools = [{ function: { name: 'act', description: attack, parameters: { title: attack } } }];
    await hostile.query(
      'mutation($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }',
      {
        input: { model: 'gpt-4o', name: attack, description: attack, instructions: attack, tools },
      },
    );
    const { chat, page } = current();
    await chat.open(hostile.url);
    await page.locator('summary').click();
    await chat.send(`/tool act ${JSON.stringify({ [attack]: attack })}`);
    await chat.toolCalls.getByRole('textbox', { name: 'Output' }).fill(attack);
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    await chat.button('Submit output').click();
    await chat.hasEnded();
    await chat.button('Details').click();
    await page.getByText('Called act').waitFor();
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(await page.title()).toMatch(/^\/tool act .* – Chat$/);
  });
}
