// What others change while the chat page is open: another tab of the same conversation, or a deleted assistant.
import { expect } from '@jest/globals';
import { slowTest } from '../support/slow.ts';
import { createHelper } from './chat-data.ts';
import { ChatPage, type ChatTest } from './chat-page.ts';

export function testChangesElsewhere(current: () => ChatTest): void {
  slowTest('a second tab shows what the first one added, follows its run and can send when it has ended', async () => {
    const { chat, open } = current();
    await open();
    await chat.send('One');
    await chat.hasEnded();
    const other = new ChatPage(await chat.page.context().newPage());
    await other.page.goto(chat.page.url());
    await other.sees(/You wrote: One/);

    await chat.send('Two');
    await chat.hasEnded();
    await other.page.evaluate("window.dispatchEvent(new Event('focus'))");
    await other.sees(/You wrote: Two/);
    expect(await other.page.locator('.message').count()).toBe(4);

    await chat.send('/slow 50\n/words 50000');
    await chat.sees(/one two/);
    await other.send('Three');
    await other.button('Send again').waitFor();
    await other.sees(/one two/);
    await other.button('Stop').click();
    await chat.notice('You stopped the run').waitFor();
    await other.button('Send again').click();
    await other.sees(/You wrote: Three/);
    await other.hasEnded();
    expect(await other.page.locator('.from-user .plain').allInnerTexts()).toEqual([
      'One',
      'Two',
      '/slow 50\n/words 50000',
      'Three',
    ]);
  });

  slowTest('a conversation whose assistant was deleted says so, and leads to another', async () => {
    const { chat, service, open } = current();
    await open();
    const id = await createHelper(service, 'Temporary');
    await chat.page.reload();
    await chat.page.getByRole('button', { name: /^Temporary/ }).click();
    await chat.send('```\nSome code\n```');
    await chat.hasEnded();
    await chat.page.locator('.thread [aria-current="page"]').getByText('Some code', { exact: true }).waitFor();
    await service.query(
      'mutation($input: DeleteAssistantInput!) { deleteAssistant(input: $input) { deletedAssistantId } }',
      {
        input: { id },
      },
    );
    await chat.send('Are you there?');
    await chat.sees('Not sent: The assistant does not exist any more.');
    await chat.sees('The assistant of this conversation does not exist any more.');
    expect(await chat.button('Send again').count()).toBe(0);
    await chat.page.reload();
    await chat.sees('The assistant of this conversation does not exist any more.');
    expect(await chat.message.count()).toBe(0);
    await chat.button('New conversation').click();
    await chat.message.waitFor();
  });
}
