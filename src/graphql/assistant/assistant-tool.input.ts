/** Input types of an assistant's tools and of their resources. */
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { JsonObject, WireMetadata } from '../../aiml/wire.ts';
import { JSONObject, Metadata } from '../schema/scalars.ts';
import { ID_FORMAT } from '../schema/ids.ts';

@InputType({ description: 'How results of a file search are ranked.' })
class FileSearchRankingOptionsInput {
  @Field(() => String, { nullable: true, description: 'The ranker, for example `auto`. Left out, upstream chooses.' })
  declare readonly ranker?: string | null;

  @Field(() => Float, { description: 'The lowest score that a result must have, 0 to 1.' })
  declare readonly scoreThreshold: number;
}

@InputType({ description: 'Searches the vector stores of `toolResources.fileSearch`.' })
export class FileSearchToolInput {
  @Field(() => Int, {
    nullable: true,
    description: 'The maximum number of results of a search, 1 to 50. Left out, upstream chooses.',
  })
  declare readonly maxNumResults?: number | null;

  @Field(() => FileSearchRankingOptionsInput, {
    nullable: true,
    description: 'How results are ranked. Left out, upstream chooses.',
  })
  declare readonly rankingOptions?: FileSearchRankingOptionsInput | null;
}

@InputType({ description: 'A function of the client that the model may call.' })
class FunctionToolInput {
  @Field(() => String, { description: `The name of the function: ${ID_FORMAT}.` })
  declare readonly name: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the function does. The model decides by it when to call the function.',
  })
  declare readonly description?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: "The JSON Schema of the function's parameters. Left out, the function has none.",
  })
  declare readonly parameters?: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the arguments must match the schema exactly. Left out, upstream chooses.',
  })
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set; codeInterpreter is set to true.' })
export class AssistantToolInput {
  @Field(() => Boolean, { nullable: true, description: 'True: run Python in a sandbox.' })
  declare readonly codeInterpreter?: boolean;

  @Field(() => FileSearchToolInput, { nullable: true, description: 'Search vector stores; `{}` takes every default.' })
  declare readonly fileSearch?: FileSearchToolInput;

  @Field(() => FunctionToolInput, { nullable: true, description: 'Call a function of the client.' })
  declare readonly function?: FunctionToolInput;
}

@InputType({ description: 'The files of the code interpreter.' })
class CodeInterpreterResourcesInput {
  @Field(() => [ID], { description: 'Ids of uploaded files, at most 20.' })
  declare readonly fileIds: readonly string[];
}

@InputType({ description: 'Chunks of a fixed size.' })
class StaticChunkingStrategyInput {
  @Field(() => Int, { description: 'The maximum size of a chunk in tokens, 100 to 4096.' })
  declare readonly maxChunkSizeTokens: number;

  @Field(() => Int, {
    description: 'The tokens that neighbouring chunks share, 0 to half of `maxChunkSizeTokens`.',
  })
  declare readonly chunkOverlapTokens: number;
}

@InputType({ description: 'How files are split into chunks. Exactly one field is set; auto is set to true.' })
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

  @Field(() => Metadata, { nullable: true, description: "The client's own pairs, stored with the vector store." })
  declare readonly metadata?: WireMetadata | null;

  @Field(() => ChunkingStrategyInput, {
    nullable: true,
    description: 'How the files are split into chunks. Left out, upstream chooses.',
  })
  declare readonly chunkingStrategy?: ChunkingStrategyInput | null;
}

@InputType({
  description:
    'The vector stores of the file search. vectorStores creates a store and attaches it; only a create accepts it.',
})
export class FileSearchResourcesInput {
  @Field(() => [ID], { nullable: true, description: 'Ids of existing vector stores, at most 1.' })
  declare readonly vectorStoreIds?: readonly string[] | null;

  @Field(() => [VectorStoreInput], {
    nullable: true,
    description: 'Vector stores to create, at most 1. Only on a create, and not together with `vectorStoreIds`.',
  })
  declare readonly vectorStores?: readonly VectorStoreInput[] | null;
}

@InputType({ description: 'The resources of the tools. A null in it is the same as an omitted field.' })
export class ToolResourcesInput {
  @Field(() => CodeInterpreterResourcesInput, { nullable: true, description: 'The files of the code interpreter.' })
  declare readonly codeInterpreter?: CodeInterpreterResourcesInput | null;

  @Field(() => FileSearchResourcesInput, { nullable: true, description: 'The vector stores of the file search.' })
  declare readonly fileSearch?: FileSearchResourcesInput | null;
}
