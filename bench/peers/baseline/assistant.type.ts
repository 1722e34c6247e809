/** The part of the schema that the workloads use, written as in the documentation of type-graphql. */
import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, Float, ID, Int, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';
import { typeNameOf, type Tool } from '../assistant.mapper.ts';

export enum ResponseFormatType {
  AUTO = 'AUTO',
  TEXT = 'TEXT',
  JSON_OBJECT = 'JSON_OBJECT',
  JSON_SCHEMA = 'JSON_SCHEMA',
  UNKNOWN = 'UNKNOWN',
}
registerEnumType(ResponseFormatType, { name: 'ResponseFormatType' });

@InterfaceType({ resolveType: (tool: Tool) => typeNameOf(tool) })
export abstract class AssistantTool {
  @Field(() => String) declare type: string;
}

@ObjectType({ implements: AssistantTool })
export class CodeInterpreterTool extends AssistantTool {}

@ObjectType({ implements: AssistantTool })
export class FileSearchTool extends AssistantTool {
  @Field(() => Int, { nullable: true }) declare maxNumResults: number | null;
}

@ObjectType({ implements: AssistantTool })
export class FunctionTool extends AssistantTool {
  @Field(() => String) declare name: string;
  @Field(() => String, { nullable: true }) declare description: string | null;
  @Field(() => GraphQLJSONObject, { nullable: true }) declare parameters: Record<string, unknown> | null;
  @Field(() => Boolean, { nullable: true }) declare strict: boolean | null;
}

@ObjectType()
export class CodeInterpreterResources {
  @Field(() => [ID]) declare fileIds: string[];
}

@ObjectType()
export class FileSearchResources {
  @Field(() => [ID]) declare vectorStoreIds: string[];
}

@ObjectType()
export class ToolResources {
  @Field(() => CodeInterpreterResources, { nullable: true }) declare codeInterpreter: CodeInterpreterResources | null;
  @Field(() => FileSearchResources, { nullable: true }) declare fileSearch: FileSearchResources | null;
}

@ObjectType()
export class ResponseFormat {
  @Field(() => ResponseFormatType) declare type: ResponseFormatType;
}

@ObjectType()
export class Assistant {
  @Field(() => ID) declare id: string;
  @Field(() => Date) declare createdAt: Date;
  @Field(() => String) declare model: string;
  @Field(() => String, { nullable: true }) declare name: string | null;
  @Field(() => String, { nullable: true }) declare description: string | null;
  @Field(() => String, { nullable: true }) declare instructions: string | null;
  @Field(() => [AssistantTool]) declare tools: AssistantTool[];
  @Field(() => ToolResources, { nullable: true }) declare toolResources: ToolResources | null;
  @Field(() => GraphQLJSONObject) declare metadata: Record<string, string>;
  @Field(() => Float, { nullable: true }) declare temperature: number | null;
  @Field(() => Float, { nullable: true }) declare topP: number | null;
  @Field(() => String, { nullable: true }) declare reasoningEffort: string | null;
  @Field(() => ResponseFormat, { nullable: true }) declare responseFormat: ResponseFormat | null;
}

@ObjectType()
export class AssistantEdge {
  @Field(() => String) declare cursor: string;
  @Field(() => Assistant) declare node: Assistant;
}

@ObjectType()
export class PageInfo {
  @Field(() => Boolean) declare hasNextPage: boolean;
  @Field(() => Boolean) declare hasPreviousPage: boolean;
  @Field(() => String, { nullable: true }) declare startCursor: string | null;
  @Field(() => String, { nullable: true }) declare endCursor: string | null;
}

@ObjectType()
export class AssistantConnection {
  @Field(() => [AssistantEdge]) declare edges: AssistantEdge[];
  @Field(() => [Assistant]) declare nodes: Assistant[];
  @Field(() => PageInfo) declare pageInfo: PageInfo;
}

@ObjectType()
export class UserError {
  @Field(() => String) declare message: string;
}

@ObjectType()
export class CreateAssistantPayload {
  @Field(() => Assistant, { nullable: true }) declare assistant: Assistant | null;
  @Field(() => [UserError]) declare userErrors: UserError[];
}
