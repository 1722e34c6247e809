/** Object types of an assistant's tools and of their resources. */
import { Field, Float, ID, Int, InterfaceType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@InterfaceType({
  description: 'A tool of an assistant. A tool of a kind that upstream adds later is an `UnknownTool`, never an error.',
})
export abstract class AssistantTool {
  @Field(() => String, { description: "Upstream's name for the kind of tool, for example `file_search`." })
  readonly type: string;

  protected constructor(type: string) {
    this.type = type;
  }
}

@SimpleObjectType('Runs Python in a sandbox that has the files of `toolResources.codeInterpreter`.', AssistantTool)
export class CodeInterpreterTool extends AssistantTool {
  constructor() {
    super('code_interpreter');
  }
}

@SimpleObjectType('How results of a file search are ranked.')
export class FileSearchRankingOptions {
  @NullableField(() => String, 'The ranker, for example `auto`. Null if upstream chooses.')
  readonly ranker: string | null;

  @NullableField(() => Float, 'The lowest score that a result must have, 0 to 1. Null if upstream chooses.')
  readonly scoreThreshold: number | null;

  constructor(ranker: string | null, scoreThreshold: number | null) {
    this.ranker = ranker;
    this.scoreThreshold = scoreThreshold;
  }
}

@SimpleObjectType('Searches the vector stores of `toolResources.fileSearch`.', AssistantTool)
export class FileSearchTool extends AssistantTool {
  @NullableField(() => Int, 'The maximum number of results of a search, 1 to 50. Null if upstream chooses.')
  readonly maxNumResults: number | null;

  @NullableField(() => FileSearchRankingOptions, 'How results are ranked. Null if upstream chooses.')
  readonly rankingOptions: FileSearchRankingOptions | null;

  constructor(maxNumResults: number | null, rankingOptions: FileSearchRankingOptions | null) {
    super('file_search');
    this.maxNumResults = maxNumResults;
    this.rankingOptions = rankingOptions;
  }
}

@SimpleObjectType('A function of the client that the model may call.', AssistantTool)
export class FunctionTool extends AssistantTool {
  @Field(() => String, { description: 'The name of the function.' })
  readonly name: string;

  @NullableField(
    () => String,
    'What the function does. The model decides by it when to call the function. Null if there is none.',
  )
  readonly description: string | null;

  @NullableField(
    () => JSONObject,
    "The JSON Schema of the function's parameters. Null for a function without parameters.",
  )
  readonly parameters: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the arguments must match the schema exactly. Null if upstream chooses.')
  readonly strict: boolean | null;

  constructor(name: string, description: string | null, parameters: JsonObject | null, strict: boolean | null) {
    super('function');
    this.name = name;
    this.description = description;
    this.parameters = parameters;
    this.strict = strict;
  }
}

@SimpleObjectType('A tool of a kind that this schema does not have.', AssistantTool)
export class UnknownTool extends AssistantTool {
  @Field(() => JSONObject, { description: 'The tool as upstream sent it, including `type`.' })
  readonly raw: JsonObject;

  constructor(raw: JsonObject & { readonly type: string }) {
    super(raw.type);
    this.raw = raw;
  }
}

@SimpleObjectType('The files of the code interpreter.')
export class CodeInterpreterResources {
  @Field(() => [ID], { description: 'Ids of the files in the sandbox, at most 20.' })
  readonly fileIds: readonly string[];

  constructor(fileIds: readonly string[]) {
    this.fileIds = fileIds;
  }
}

@SimpleObjectType('The vector stores of the file search.')
export class FileSearchResources {
  @Field(() => [ID], { description: 'Ids of the vector stores that are searched, at most 1.' })
  readonly vectorStoreIds: readonly string[];

  constructor(vectorStoreIds: readonly string[]) {
    this.vectorStoreIds = vectorStoreIds;
  }
}

@SimpleObjectType('The resources of the tools.')
export class ToolResources {
  @NullableField(() => CodeInterpreterResources, 'Null if the assistant has none.')
  readonly codeInterpreter: CodeInterpreterResources | null;

  @NullableField(() => FileSearchResources, 'Null if the assistant has none.')
  readonly fileSearch: FileSearchResources | null;

  constructor(codeInterpreter: CodeInterpreterResources | null, fileSearch: FileSearchResources | null) {
    this.codeInterpreter = codeInterpreter;
    this.fileSearch = fileSearch;
  }
}
