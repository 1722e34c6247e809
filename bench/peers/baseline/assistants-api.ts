/** The AIML API as in the documentation of RESTDataSource: one instance per request, `get` and `post`. */
import { RESTDataSource, type AugmentedRequest } from '@apollo/datasource-rest';
import DataLoader from 'dataloader';
import type { WireAssistant, WireAssistantList } from '../../upstream/assistants.ts';
import { toAssistant, toCreateBody, type Assistant, type CreateAssistantInput } from '../assistant.mapper.ts';
import { upstreamHeaders, upstreamUrl } from '../settings.ts';

export class AssistantsApi extends RESTDataSource {
  override baseURL = `${upstreamUrl()}/`;

  readonly #byId = new DataLoader<string, Assistant>((ids) =>
    Promise.all(
      ids.map(async (id) => toAssistant(await this.get<WireAssistant>(`assistants/${encodeURIComponent(id)}`))),
    ),
  );

  override willSendRequest(_path: string, request: AugmentedRequest): void {
    Object.assign(request.headers, upstreamHeaders());
  }

  getAssistant(id: string): Promise<Assistant> {
    return this.#byId.load(id);
  }

  async getAssistants(first: number, after: string | null): Promise<{ nodes: Assistant[]; hasMore: boolean }> {
    const list = await this.get<WireAssistantList>('assistants', {
      params: { limit: String(first), order: 'desc', ...(after !== null && { after }) },
    });
    return { nodes: list.data.map(toAssistant), hasMore: list.has_more };
  }

  async createAssistant(input: CreateAssistantInput): Promise<Assistant> {
    return toAssistant(await this.post<WireAssistant>('assistants', { body: toCreateBody(input) }));
  }
}
