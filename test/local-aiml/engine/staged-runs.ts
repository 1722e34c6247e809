// Runs on a staged model API, shared by the tests of contexts and of runs.
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../../src/local-aiml/settings.ts';
import { startHere } from '../support.ts';
import { ConversationClient } from './conversation-client.ts';
import { startStagedModelApi, type Stage, type StagedModelApi } from './staged-model-api.ts';

export const KEY = 'sk-model-key-0123456789abcdef';

export interface SetUp {
  readonly staged: StagedModelApi;
  readonly client: ConversationClient;
  readonly runs: RunSettings;
}

/** A server whose runs call a staged model API. */
export async function setUp(stages: Stage[], options: Partial<RunSettings> = {}, dataDir?: string): Promise<SetUp> {
  const staged = await startStagedModelApi(...stages);
  const modelApi = {
    baseUrl: staged.url,
    key: KEY,
    usesCallerKeys: false,
    firstTokenTimeoutMs: 20_000,
    timeoutMs: 20_000,
  };
  const runs: RunSettings = { ...DEFAULT_RUN_SETTINGS, modelApi, ...options };
  const { url } = await startHere({ runs, ...(dataDir === undefined ? {} : { dataDir }) });
  return { staged, client: new ConversationClient(url), runs };
}

export type Sent = { role: string; content: unknown; tool_calls?: unknown; tool_call_id?: string }[];
/** The messages of one request of the model API. */
export const messagesOf = (staged: StagedModelApi, index = 0): Sent => staged.requests[index]?.body['messages'] as Sent;
