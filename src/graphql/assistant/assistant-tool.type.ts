/** Object types of an assistant's tools, of their resources and of response formats. `src/aiml` has checked the values. */
import { Field, Float, ID, Int, InterfaceType } from 'type-graphql';
import type { WireResponseFormat } from '../../aiml/resources/response-format.ts';
import type { WireTool, WireToolResources } from '../../aiml/resources/tool.ts';
import type { JsonObject, WireUnknown } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire, kindOf } from '../schema/from-wire.ts';

type Wire<Type extends WireTool['type']> = Extract<WireTool, { readonly type: Type }>;

@InterfaceType({
  description: 'A tool of an assistant. A tool of a kind that upstream adds later is an `UnknownTool`, never an error.',
})
export abstract class AssistantTool<W extends WireTool = WireTool> extends FromWire<W> {
  @Field(() => String, { description: "Upstream's name for the kind of tool, for example `file_search`." })
  readonly type = kindOf(this.wire);
}

@SimpleObjectType('Runs Python in a sandbox that has the files of `toolResources.codeInterpreter`.', AssistantTool)
export class CodeInterpreterTool extends AssistantTool<Wire<'code_interpreter'>> {}

@SimpleObjectType('How results of a file search are ranked.')
class FileSearchRankingOptions extends FromWire<NonNullable<Wire<'file_search'>['ranking_options']>> {
  @NullableField(() => String, 'The ranker, for example `auto`. Null if upstream chooses.')
  readonly ranker = this.wire.ranker;

  @NullableField(() => Float, 'The lowest score that a result must have, 0 to 1. Null if upstream chooses.')
  readonly scoreThreshold = this.wire.score_threshold;
}

@SimpleObjectType('Searches the vector stores of `toolResources.fileSearch`.', AssistantTool)
export class FileSearchTool extends AssistantTool<Wire<'file_search'>> {
  @NullableField(() => Int, 'The maximum number of results of a search, 1 to 50. Null if upstream chooses.')
  readonly maxNumResults = this.wire.max_num_results;

  @NullableField(() => FileSearchRankingOptions, 'How results are ranked. Null if upstream chooses.')
  readonly rankingOptions = this.wire.ranking_options && new FileSearchRankingOptions(this.wire.ranking_options);
}

@SimpleObjectType('A function of the client that the model may call.', AssistantTool)
export class FunctionTool extends AssistantTool<Wire<'function'>> {
  @Field(() => String, { description: 'The name of the function.' })
  readonly name = this.wire.name;

  @NullableField(
    () => String,
    'What the function does. The model decides by it when to call the function. Null if there is none.',
  )
  readonly description = this.wire.description;

  @NullableField(
    () => JSONObject,
    "The JSON Schema of the function's parameters. Null for a function without parameters.",
  )
  readonly parameters = this.wire.parameters;

  @NullableField(() => Boolean, 'Whether the arguments must match the schema exactly. Null if upstream chooses.')
  readonly strict = this.wire.strict;
}

@SimpleObjectType('A tool of a kind that this schema does not have.', AssistantTool)
export class UnknownTool extends AssistantTool<WireUnknown> {
  @Field(() => JSONObject, { description: 'The tool as upstream sent it, including `type`.' })
  readonly raw = this.wire.raw;
}

export function toTool(wire: WireTool): AssistantTool {
  switch (wire.type) {
    case 'code_interpreter':
      return new CodeInterpreterTool(wire);
    case 'file_search':
      return new FileSearchTool(wire);
    case 'function':
      return new FunctionTool(wire);
    case 'unknown':
      return new UnknownTool(wire);
  }
}

@SimpleObjectType('The files of the code interpreter.')
class CodeInterpreterResources extends FromWire<NonNullable<WireToolResources['code_interpreter']>> {
  @Field(() => [ID], { description: 'Ids of the files in the sandbox, at most 20.' })
  readonly fileIds = this.wire.file_ids;
}

@SimpleObjectType('The vector stores of the file search.')
class FileSearchResources extends FromWire<NonNullable<WireToolResources['file_search']>> {
  @Field(() => [ID], { description: 'Ids of the vector stores that are searched, at most 1.' })
  readonly vectorStoreIds = this.wire.vector_store_ids;
}

@SimpleObjectType('The resources of the tools.')
export class ToolResources extends FromWire<WireToolResources> {
  @NullableField(() => CodeInterpreterResources, 'Null if the assistant has none.')
  readonly codeInterpreter = this.wire.code_interpreter && new CodeInterpreterResources(this.wire.code_interpreter);

  @NullableField(() => FileSearchResources, 'Null if the assistant has none.')
  readonly fileSearch = this.wire.file_search && new FileSearchResources(this.wire.file_search);
}

const ResponseFormatType = createEnum('ResponseFormatType', "The kinds of format of a model's output.", {
  auto: 'The model chooses.',
  text: 'Plain text.',
  json_object: 'Any JSON object. The instructions have to request JSON as well.',
  json_schema: 'JSON that matches the schema in `jsonSchema`.',
  unknown: 'A format that this schema does not have.',
} satisfies Record<WireResponseFormat['type'], string>);

@SimpleObjectType('A JSON Schema that the output matches.')
class JsonSchemaFormat {
  @Field(() => String, { description: 'The name of the format.' })
  declare readonly name: string;

  @NullableField(() => String, 'What the format is for. The model reads it. Null if there is none.')
  declare readonly description: string | null;

  @NullableField(() => JSONObject, 'The JSON Schema. Null if upstream has none.')
  declare readonly schema: JsonObject | null;

  @NullableField(() => Boolean, 'Whether the output must match the schema exactly. Null if upstream chooses.')
  declare readonly strict: boolean | null;
}

@SimpleObjectType("The format of a model's output.")
export class ResponseFormat extends FromWire<WireResponseFormat> {
  @Field(() => ResponseFormatType, { description: 'The kind of format.' })
  readonly type = this.wire.type;

  @NullableField(() => JsonSchemaFormat, 'Set if `type` is `JSON_SCHEMA`, null otherwise.')
  readonly jsonSchema = this.wire.type === 'json_schema' ? this.wire.json_schema : null;
}
