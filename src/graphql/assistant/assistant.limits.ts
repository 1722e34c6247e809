/**
 * The limits of assistants, as OpenAI's Assistants API v2 has them and the AIML API follows them. Lengths are in
 * Unicode code points.
 */
export const LIMITS = {
  nameLength: 256,
  descriptionLength: 512,
  instructionsLength: 256_000,
  metadataPairs: 16,
  metadataKeyLength: 64,
  metadataValueLength: 512,
  tools: 128,
  codeInterpreterFiles: 20,
  vectorStores: 1,
  vectorStoreFiles: 10_000,
  temperature: { min: 0, max: 2 },
  topP: { min: 0, max: 1 },
  maxNumResults: { min: 1, max: 50 },
  scoreThreshold: { min: 0, max: 1 },
  maxChunkSizeTokens: { min: 100, max: 4096 },
} as const;
