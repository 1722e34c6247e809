// Wrong uses of the generated types: the compiler must reject each line that is marked, and no other.
import type { AssistantQuery, CreateAssistantInput } from './gql/graphql';

export const whole: CreateAssistantInput = { model: 'm', tools: [{ codeInterpreter: true }] };
export const noModel: CreateAssistantInput = { name: 'n' }; // wrong
export const numberInMetadata: CreateAssistantInput = { model: 'm', metadata: { a: 1 } }; // wrong
export const twoOfOne: CreateAssistantInput = { model: 'm', tools: [{ codeInterpreter: true, fileSearch: {} }] }; // wrong
export const noneOfOne: CreateAssistantInput = { model: 'm', tools: [{}] }; // wrong
export const notNull = (data: AssistantQuery): string => data.assistant.id; // wrong
export const notAsked = (data: AssistantQuery) => data.assistant?.model; // wrong
export const notNarrowed = (data: AssistantQuery) => data.assistant?.tools.map((tool) => tool.parameters); // wrong
export const notADate = (data: AssistantQuery): Date | undefined => data.assistant?.createdAt; // wrong
