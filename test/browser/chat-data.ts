// What the tests of the chat page find in the service.
import type { TestService } from '../support/service.ts';

export const INSTRUCTIONS = 'Be brief.';

/** An assistant with a function. */
export async function createHelper(service: TestService, name = 'Helper'): Promise<string> {
  const parameters = {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'A city' },
      unit: { enum: ['celsius', 'fahrenheit'] },
      days: { type: 'integer' },
    },
    required: ['city'],
    additionalProperties: false,
  };
  const { data } = await service.query(
    'mutation($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }',
    {
      input: {
        model: 'gpt-4o',
        name,
        instructions: INSTRUCTIONS,
        tools: [{ function: { name: 'get_weather', description: 'The weather of a city.', parameters } }],
      },
    },
  );
  return (data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant.id;
}

/** A thread with that many messages: `Message 0` and so on. */
export async function createLongThread(service: TestService, metadata: object, length: number): Promise<string> {
  const messages = Array.from({ length }, (_item, index) => ({ text: `Message ${index}` }));
  const { data } = await service.query(
    'mutation($input: CreateThreadInput!) { createThread(input: $input) { thread { id } } }',
    { input: { metadata, messages: messages.slice(0, 32) } },
  );
  const { id } = (data as { createThread: { thread: { id: string } } }).createThread.thread;
  for (const message of messages.slice(32))
    await service.query('mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }', {
      input: { threadId: id, ...message },
    });
  return id;
}

/** Two texts about an image, the second of which arrives before the message's next state, and with references. */
export function partsStream({ variables: { runId } }: { readonly variables: { readonly runId: string } }): string {
  const text = (value: string, annotations: readonly object[] = []) => ({
    __typename: 'TextContent',
    type: 'text',
    text: value,
    annotations,
  });
  const createdAt = new Date().toISOString();
  const message = { id: 'msg_parts', createdAt, role: 'ASSISTANT', runId, incompleteReason: null };
  const run = { id: runId, hasEnded: true, status: 'COMPLETED', requiredToolCalls: [], tools: [] };
  const citation = { type: 'file_citation', text: '【1】', fileId: 'file-handbook', startIndex: 10, endIndex: 13 };
  const path = { type: 'file_path', text: 'sandbox:/table.csv', fileId: 'file-table', startIndex: 0, endIndex: 0 };
  const image = { __typename: 'ImageFileContent', type: 'image_file', fileId: 'file-figure' };
  const events = [
    { __typename: 'MessageStateEvent', message: { ...message, status: 'IN_PROGRESS', content: [] } },
    { __typename: 'MessageTextEvent', messageId: message.id, contentIndex: 0, offset: 0, text: 'See the ' },
    { __typename: 'MessageTextEvent', messageId: message.id, contentIndex: 2, offset: 0, text: 'It says so' },
    { __typename: 'MessageTextEvent', messageId: message.id, contentIndex: 0, offset: 8, text: 'figure:' },
    {
      __typename: 'MessageStateEvent',
      message: {
        ...message,
        status: 'COMPLETED',
        content: [
          text('See the figure:'),
          image,
          text('It says so【1】.', [
            { __typename: 'FileCitation', ...citation },
            { __typename: 'FilePath', ...path },
          ]),
        ],
      },
    },
    { __typename: 'RunStateEvent', run },
  ];
  const frames = events.map((event, index) => {
    const data = { data: { runEvents: { cursor: String(index), ...event } } };
    return `event: next\ndata: ${JSON.stringify(data)}\n\n`;
  });
  return `${frames.join('')}event: complete\ndata:\n\n`;
}
