/** Object types of tool calls. */
import { Field, Float, ID, InterfaceType } from 'type-graphql';
import type { WireCodeInterpreterOutput, WireFileSearchResult, WireToolCall } from '../../aiml/resources/run-step.ts';
import type { JsonObject } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

type Wire<Type extends WireToolCall['type']> = Extract<WireToolCall, { readonly type: Type }>;

@InterfaceType({ description: 'A call of a tool. One of a kind that upstream adds later is an `UnknownToolCall`.' })
export abstract class ToolCall {
  @Field(() => ID, { description: 'The id of the call. `submitToolOutputs` needs it for functions.' })
  readonly id: string;

  @Field(() => String, { description: "Upstream's name for the kind of tool, for example `function`." })
  readonly type: string;

  protected constructor(id: string, type: string) {
    this.id = id;
    this.type = type;
  }
}

@SimpleObjectType(
  'A call of a function. `arguments` is the JSON text that the model wrote. It may be invalid JSON, and it is not ' +
    "validated against the function's parameters.",
  ToolCall,
)
export class FunctionToolCall extends ToolCall {
  @Field(() => String, { description: 'The name of the function.' })
  readonly name: string;

  @Field(() => String, { description: 'The arguments, as the JSON text that the model wrote.' })
  readonly arguments: string;

  @NullableField(() => String, 'The output. Null until it is submitted.')
  readonly output: string | null;

  constructor(wire: Omit<Wire<'function'>, 'type'>) {
    super(wire.id, 'function');
    this.name = wire.name;
    this.arguments = wire.arguments;
    this.output = wire.output;
  }
}

@SimpleObjectType('Exactly one of logs and imageFileId is set, or neither if upstream has added a kind.')
class CodeInterpreterOutput {
  @Field(() => String, { description: "Upstream's name for the kind, for example `logs`." })
  readonly type: string;

  @NullableField(() => String, 'The text that the code printed.')
  readonly logs: string | null;

  @NullableField(() => ID, 'The file of an image that the code drew.')
  readonly imageFileId: string | null;

  constructor(wire: WireCodeInterpreterOutput) {
    this.type = wire.type;
    this.logs = wire.logs;
    this.imageFileId = wire.file_id;
  }
}

@SimpleObjectType('A run of Python in a sandbox.', ToolCall)
export class CodeInterpreterToolCall extends ToolCall {
  @Field(() => String, { description: 'The code.' })
  readonly input: string;

  @Field(() => [CodeInterpreterOutput], { description: 'The outputs of the code, in order.' })
  readonly outputs: readonly CodeInterpreterOutput[];

  constructor(wire: Wire<'code_interpreter'>) {
    super(wire.id, wire.type);
    this.input = wire.input;
    this.outputs = wire.outputs.map((output) => new CodeInterpreterOutput(output));
  }
}

@SimpleObjectType('A result of a file search.')
class FileSearchResult {
  @Field(() => ID, { description: 'The file.' })
  readonly fileId: string;

  @Field(() => String, { description: 'Its name.' })
  readonly fileName: string;

  @Field(() => Float, { description: 'The relevance, 0 to 1.' })
  readonly score: number;

  @Field(() => [String], { description: 'The matching text. Empty if upstream omits it.' })
  readonly text: readonly string[];

  constructor(wire: WireFileSearchResult) {
    this.fileId = wire.file_id;
    this.fileName = wire.file_name;
    this.score = wire.score;
    this.text = wire.text;
  }
}

@SimpleObjectType('A search of vector stores.', ToolCall)
export class FileSearchToolCall extends ToolCall {
  @Field(() => [FileSearchResult], { description: 'The results, best first.' })
  readonly results: readonly FileSearchResult[];

  constructor(wire: Wire<'file_search'>) {
    super(wire.id, wire.type);
    this.results = wire.results.map((result) => new FileSearchResult(result));
  }
}

@SimpleObjectType('A call of a kind that this schema does not have.', ToolCall)
export class UnknownToolCall extends ToolCall {
  @Field(() => JSONObject, { description: 'The call as upstream sent it.' })
  readonly raw: JsonObject;

  constructor(wire: Wire<'unknown'>) {
    super(wire.id, wire.raw.type);
    this.raw = wire.raw;
  }
}

export function toToolCall(wire: WireToolCall): ToolCall {
  switch (wire.type) {
    case 'function':
      return new FunctionToolCall(wire);
    case 'code_interpreter':
      return new CodeInterpreterToolCall(wire);
    case 'file_search':
      return new FileSearchToolCall(wire);
    case 'unknown':
      return new UnknownToolCall(wire);
  }
}
