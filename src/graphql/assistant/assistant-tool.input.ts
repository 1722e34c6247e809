/** Input types of an assistant's tools, of their resources and of response formats. */
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { JsonObject, WireMetadata } from '../../aiml/wire.ts';
import { JSONObject, Metadata } from '../schema/scalars.ts';
import { ID_FORMAT } from '../schema/ids.ts';
import { createEnum, NullableField } from '../schema/decorators.ts';

@InputType({ description: 'How results of a file search are ranked.' })
class FileSearchRankingOptionsInput {
  @NullableField(() => String, 'The ranker, for example `auto`. Left out, upstream chooses.')
  declare readonly ranker?: string | null;

  @Field(() => Float, { description: 'The lowest score that a result must have, 0 to 1.' })
  declare readonly scoreThreshold: number;
}

@InputType({ description: 'Searches the vector stores of `toolResources.fileSearch`.' })
export class FileSearchToolInput {
  @NullableField(() => Int, 'The maximum number of results of a search, 1 to 50. Left out, upstream chooses.')
  declare readonly maxNumResults?: number | null;

  @NullableField(() => FileSearchRankingOptionsInput, 'How results are ranked. Left out, upstream chooses.')
  declare readonly rankingOptions?: FileSearchRankingOptionsInput | null;
}

@InputType({ description: 'A function of the client that the model may call.' })
class FunctionToolInput {
  @Field(() => String, { description: `The name of the function: ${ID_FORMAT}.` })
  declare readonly name: string;

  @NullableField(() => String, 'What the function does. The model decides by it when to call the function.')
  declare readonly description?: string | null;

  @NullableField(() => JSONObject, "The JSON Schema of the function's parameters. Left out, the function has none.")
  declare readonly parameters?: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the arguments must match the schema exactly. Left out, upstream chooses.')
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set; codeInterpreter is set to true.' })
export class AssistantToolInput {
  @NullableField(() => Boolean, 'True: run Python in a sandbox.')
  declare readonly codeInterpreter?: boolean;

  @NullableField(() => FileSearchToolInput, 'Search vector stores; `{}` takes every default.')
  declare readonly fileSearch?: FileSearchToolInput;

  @NullableField(() => FunctionToolInput, 'Call a function of the client.')
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
  @NullableField(() => Boolean, 'True: upstream chooses.')
  declare readonly auto?: boolean;

  @NullableField(() => StaticChunkingStrategyInput, 'Chunks of a fixed size.')
  declare readonly static?: StaticChunkingStrategyInput;
}

@InputType({ description: 'A vector store that is created together with the assistant.' })
export class VectorStoreInput {
  @NullableField(() => [ID], 'Ids of uploaded files to put into it, at most 10,000.')
  declare readonly fileIds?: readonly string[] | null;

  @NullableField(() => Metadata, "The client's own pairs, stored with the vector store.")
  declare readonly metadata?: WireMetadata | null;

  @NullableField(() => ChunkingStrategyInput, 'How the files are split into chunks. Left out, upstream chooses.')
  declare readonly chunkingStrategy?: ChunkingStrategyInput | null;
}

@InputType({
  description:
    'The vector stores of the file search. vectorStores creates a store and attaches it; only a create accepts it.',
})
export class FileSearchResourcesInput {
  @NullableField(() => [ID], 'Ids of existing vector stores, at most 1.')
  declare readonly vectorStoreIds?: readonly string[] | null;

  @NullableField(
    () => [VectorStoreInput],
    'Vector stores to create, at most 1. Only on a create, and not together with `vectorStoreIds`.',
  )
  declare readonly vectorStores?: readonly VectorStoreInput[] | null;
}

@InputType({ description: 'The resources of the tools. A null in it is the same as an omitted field.' })
export class ToolResourcesInput {
  @NullableField(() => CodeInterpreterResourcesInput, 'The files of the code interpreter.')
  declare readonly codeInterpreter?: CodeInterpreterResourcesInput | null;

  @NullableField(() => FileSearchResourcesInput, 'The vector stores of the file search.')
  declare readonly fileSearch?: FileSearchResourcesInput | null;
}

const SimpleResponseFormatType = createEnum('SimpleResponseFormatType', 'The kinds of format that have no options.', {
  auto: 'The model chooses.',
  text: 'Plain text.',
  json_object: 'Any JSON object. The instructions have to request JSON as well.',
});
type SimpleResponseFormatType = (typeof SimpleResponseFormatType)[keyof typeof SimpleResponseFormatType];

@InputType({ description: 'A JSON Schema that the output matches.' })
class JsonSchemaFormatInput {
  @Field(() => String, { description: `The name of the format: ${ID_FORMAT}.` })
  declare readonly name: string;

  @NullableField(() => String, 'What the format is for. The model reads it.')
  declare readonly description?: string | null;

  @NullableField(() => JSONObject, 'The JSON Schema.')
  declare readonly schema?: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the output must match the schema exactly. Left out, upstream chooses.')
  declare readonly strict?: boolean | null;
}

@InputType({ description: 'Exactly one field is set.' })
export class ResponseFormatInput {
  @NullableField(() => SimpleResponseFormatType, 'A format without options.')
  declare readonly type?: SimpleResponseFormatType;

  @NullableField(() => JsonSchemaFormatInput, 'JSON that matches a schema.')
  declare readonly jsonSchema?: JsonSchemaFormatInput;
}
