/** The tools of an assistant and the resources they work on, as they are read. */
import { Field, Float, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';

@InterfaceType({
  description:
    'What an assistant can use. A tool that upstream may add tomorrow arrives as `UnknownTool`, never as an error.',
})
export abstract class AssistantTool {
  @Field(() => String, { description: "Upstream's name for the kind of tool, for example `file_search`." })
  readonly type: string;

  protected constructor(type: string) {
    this.type = type;
  }
}

@ObjectType({
  implements: AssistantTool,
  simpleResolvers: true,
  description: 'Runs Python in a sandbox, over the files of `toolResources.codeInterpreter`.',
})
export class CodeInterpreterTool extends AssistantTool {
  constructor() {
    super('code_interpreter');
  }
}

@ObjectType({ simpleResolvers: true, description: 'How results of a file search are ranked.' })
export class FileSearchRankingOptions {
  @Field(() => String, { nullable: true, description: 'The ranker, for example `auto`. Null where upstream chooses.' })
  readonly ranker: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The lowest score that a result must have, 0 to 1. Null where upstream chooses.',
  })
  readonly scoreThreshold: number | null;

  constructor(ranker: string | null, scoreThreshold: number | null) {
    this.ranker = ranker;
    this.scoreThreshold = scoreThreshold;
  }
}

@ObjectType({
  implements: AssistantTool,
  simpleResolvers: true,
  description: 'Searches the vector stores of `toolResources.fileSearch`.',
})
export class FileSearchTool extends AssistantTool {
  @Field(() => Int, {
    nullable: true,
    description: 'The most results that a search gives, 1 to 50. Null where upstream chooses.',
  })
  readonly maxNumResults: number | null;

  @Field(() => FileSearchRankingOptions, {
    nullable: true,
    description: 'How results are ranked. Null where upstream chooses.',
  })
  readonly rankingOptions: FileSearchRankingOptions | null;

  constructor(maxNumResults: number | null, rankingOptions: FileSearchRankingOptions | null) {
    super('file_search');
    this.maxNumResults = maxNumResults;
    this.rankingOptions = rankingOptions;
  }
}

@ObjectType({
  implements: AssistantTool,
  simpleResolvers: true,
  description: 'A function of the caller that the model may ask to have called.',
})
export class FunctionTool extends AssistantTool {
  @Field(() => String, { description: 'The name by which the model calls the function.' })
  readonly name: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the function does, for the model to decide when to call it. Null where there is none.',
  })
  readonly description: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: "The JSON Schema of the function's parameters. Null for a function without parameters.",
  })
  readonly parameters: JsonObject | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the model must keep to the schema exactly. Null where upstream chooses.',
  })
  readonly strict: boolean | null;

  constructor(name: string, description: string | null, parameters: JsonObject | null, strict: boolean | null) {
    super('function');
    this.name = name;
    this.description = description;
    this.parameters = parameters;
    this.strict = strict;
  }
}

@ObjectType({
  implements: AssistantTool,
  simpleResolvers: true,
  description: 'A tool of a kind that this schema does not know yet.',
})
export class UnknownTool extends AssistantTool {
  @Field(() => JSONObject, { description: 'The tool as upstream gave it, `type` included.' })
  readonly raw: JsonObject;

  constructor(raw: JsonObject & { readonly type: string }) {
    super(raw.type);
    this.raw = raw;
  }
}

@ObjectType({ simpleResolvers: true, description: 'What the code interpreter works on.' })
export class CodeInterpreterResources {
  @Field(() => [ID], { description: 'Ids of the files that the sandbox holds, at most 20.' })
  readonly fileIds: readonly string[];

  constructor(fileIds: readonly string[]) {
    this.fileIds = fileIds;
  }
}

@ObjectType({ simpleResolvers: true, description: 'What the file search works on.' })
export class FileSearchResources {
  @Field(() => [ID], { description: 'Ids of the vector stores that are searched, at most 1.' })
  readonly vectorStoreIds: readonly string[];

  constructor(vectorStoreIds: readonly string[]) {
    this.vectorStoreIds = vectorStoreIds;
  }
}

@ObjectType({ simpleResolvers: true, description: 'What the tools of an assistant work on.' })
export class ToolResources {
  @Field(() => CodeInterpreterResources, { nullable: true, description: 'Null where the assistant has none.' })
  readonly codeInterpreter: CodeInterpreterResources | null;

  @Field(() => FileSearchResources, { nullable: true, description: 'Null where the assistant has none.' })
  readonly fileSearch: FileSearchResources | null;

  constructor(codeInterpreter: CodeInterpreterResources | null, fileSearch: FileSearchResources | null) {
    this.codeInterpreter = codeInterpreter;
    this.fileSearch = fileSearch;
  }
}
