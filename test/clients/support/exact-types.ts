// The exact generated types: this file does not compile if one of them differs.
import type { AssistantQuery, AssistantQueryVariables, CreateAssistantInput } from './gql/graphql';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_T extends true>(): void => undefined;

type Assistant = NonNullable<AssistantQuery['assistant']>;
type FunctionTool = Extract<Assistant['tools'][number], { __typename: 'FunctionTool' }>;

same<Equal<AssistantQueryVariables['id'], string>>();
same<Equal<Assistant['createdAt'], string>>();
same<Equal<Assistant['name'], string | null>>();
same<Equal<Assistant['metadata'], Record<string, string>>>();
same<Equal<FunctionTool['parameters'], Record<string, unknown> | null>>();
same<
  Equal<
    Assistant['tools'][number]['__typename'],
    'CodeInterpreterTool' | 'FileSearchTool' | 'FunctionTool' | 'UnknownTool'
  >
>();
same<
  Equal<NonNullable<Assistant['responseFormat']>['type'], 'AUTO' | 'JSON_OBJECT' | 'JSON_SCHEMA' | 'TEXT' | 'UNKNOWN'>
>();
same<Equal<CreateAssistantInput['metadata'], Record<string, string> | null | undefined>>();
