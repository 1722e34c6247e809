/** The tools of an assistant and the resources they work on, as they are written. */
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { JsonObject, WireMetadata } from '../../aiml/wire.ts';
import { JSONObject, Metadata } from '../schema/scalars.ts';
import { IDENTIFIER_FORMAT } from '../schema/input-validator.ts';

@InputType({ description: 'How results of a file search are ranked.' })
export class FileSearchRankingOptionsInput {
  @Field(() => String, { nullable: true, description: 'The ranker, for example `auto`. Left out, upstream chooses.' })
  declare readonly ranker?: string | null;

  @Field(() => Float, { description: 'The lowest score that a result must have, 0 to 1.' })
  declare readonly scoreThreshold: number;
}

@InputType({ description: 'Searches the vector stores of `toolResources.fileSearch`.' })
export class FileSearchToolInput {
  @Field(() => Int, {
    nullable: true,
    description: 'The most results that a search gives, 1 to 50. Left out, upstream chooses.',
  })
  declare readonly maxNumResults?: number | null;

  @Field(() => FileSearchRankingOptionsInput, {
    nullable: true,
    description: 'How results are ranked. Left out, upstream chooses.',
  })
  declare readonly rankingOptions?: FileSearchRankingOptionsInput | null;
}

@InputType({ description: 'A function of the caller that the model may ask to have called.' })
export class FunctionToolInput {
  @Field(() => String, { description: `The name by which the model calls the function: ${IDENTIFIER_FORMAT}.` })
  declare readonly name: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the function does, for the model to decide when to call it.',
  })
  declare readonly description?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: "The JSON Schema of the function's parameters. Left out, the function has none.",
  })
  declare readonly parameters?: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the model must keep to the schema exactly. Left out, upstream chooses.',
  })
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set; codeInterpreter is set to true.' })
export class AssistantToolInput {
  @Field(() => Boolean, { nullable: true, description: 'True: run Python in a sandbox.' })
  declare readonly codeInterpreter?: boolean;

  @Field(() => FileSearchToolInput, { nullable: true, description: 'Search vector stores; `{}` takes every default.' })
  declare readonly fileSearch?: FileSearchToolInput;

  @Field(() => FunctionToolInput, { nullable: true, description: 'Call a function of the caller.' })
  declare readonly function?: FunctionToolInput;
}

@InputType({ description: 'What the code interpreter works on.' })
export class CodeInterpreterResourcesInput {
  @Field(() => [ID], { description: 'Ids of uploaded files, at most 20.' })
  declare readonly fileIds: readonly string[];
}

@InputType({ description: 'Chunks of a fixed size.' })
export class StaticChunkingStrategyInput {
  @Field(() => Int, { description: 'The most tokens that a chunk has, 100 to 4096.' })
  declare readonly maxChunkSizeTokens: number;

  @Field(() => Int, {
    description: 'How many tokens neighbouring chunks share, 0 to half of `maxChunkSizeTokens`.',
  })
  declare readonly chunkOverlapTokens: number;
}

@InputType({ description: 'How files are cut into chunks. Exactly one field is set; auto is set to true.' })
export class ChunkingStrategyInput {
  @Field(() => Boolean, { nullable: true, description: 'True: upstream chooses.' })
  declare readonly auto?: boolean;

  @Field(() => StaticChunkingStrategyInput, { nullable: true, description: 'Chunks of a fixed size.' })
  declare readonly static?: StaticChunkingStrategyInput;
}

@InputType({ description: 'A vector store that is created together with the assistant.' })
export class VectorStoreInput {
  @Field(() => [ID], { nullable: true, description: 'Ids of uploaded files to put into it, at most 10,000.' })
  declare readonly fileIds?: readonly string[] | null;

  @Field(() => Metadata, { nullable: true, description: "The caller's own pairs, kept with the vector store." })
  declare readonly metadata?: WireMetadata | null;

  @Field(() => ChunkingStrategyInput, {
    nullable: true,
    description: 'How the files are cut into chunks. Left out, upstream chooses.',
  })
  declare readonly chunkingStrategy?: ChunkingStrategyInput | null;
}

@InputType({
  description:
    'What the file search works on. vectorStores creates a store and attaches it; only createAssistant takes it.',
})
export class FileSearchResourcesInput {
  @Field(() => [ID], { nullable: true, description: 'Ids of vector stores that exist, at most 1.' })
  declare readonly vectorStoreIds?: readonly string[] | null;

  @Field(() => [VectorStoreInput], {
    nullable: true,
    description: 'Vector stores to create, at most 1. Only on a create, and not together with `vectorStoreIds`.',
  })
  declare readonly vectorStores?: readonly VectorStoreInput[] | null;
}

@InputType({ description: 'What the tools of an assistant work on. In it, null is the same as leaving out.' })
export class ToolResourcesInput {
  @Field(() => CodeInterpreterResourcesInput, { nullable: true, description: 'What the code interpreter works on.' })
  declare readonly codeInterpreter?: CodeInterpreterResourcesInput | null;

  @Field(() => FileSearchResourcesInput, { nullable: true, description: 'What the file search works on.' })
  declare readonly fileSearch?: FileSearchResourcesInput | null;
}
