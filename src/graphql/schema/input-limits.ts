/**
 * The limits of inputs, as in OpenAI's Assistants API v2, which the AIML API follows. Lengths are in Unicode code points.
 */
export const inputLimits = {
  nameLength: 256,
  descriptionLength: 512,
  instructionsLength: 256_000,
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  temperature: { min: 0, max: 2 },
  topP: { min: 0, max: 1 },

  assistantTools: 128,
  codeInterpreterFiles: 20,
  vectorStores: 1,
  vectorStoreFiles: 10_000,
  maxNumResults: { min: 1, max: 50 },
  scoreThreshold: { min: 0, max: 1 },
  maxChunkSizeTokens: { min: 100, max: 4096 },

  /** The sum of all text parts of a message. */
  messageLength: 256_000,
  /** Messages that are created together with a thread or a run. */
  messages: 32,
  contentParts: 100,
  attachments: 100,

  runTools: 20,
  toolOutputs: 128,
  tokens: { min: 256, max: 2 ** 31 - 1 },
  lastMessages: { min: 1, max: 2 ** 31 - 1 },
  waitSeconds: { min: 0, max: 25 },
} as const;
