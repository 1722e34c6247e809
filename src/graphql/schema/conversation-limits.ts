/** The limits of threads, messages and runs, as OpenAI's Assistants API v2 has them and the AIML API follows them. */
export const conversationLimits = {
  /** Characters (Unicode code points) of all text parts of a message. */
  messageLength: 256_000,
  /** Messages that are created along with a thread or a run. */
  messages: 32,
  contentParts: 100,
  attachments: 100,
  runTools: 20,
  toolOutputs: 128,
  tokens: { min: 256, max: 2 ** 31 - 1 },
  lastMessages: { min: 1, max: 2 ** 31 - 1 },
  waitSeconds: { min: 0, max: 25 },
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  temperature: { min: 0, max: 2 },
  topP: { min: 0, max: 1 },
} as const;
