/** Object types of tool calls. */
import { Field, Float, ID, InterfaceType } from 'type-graphql';
import type { WireCodeInterpreterOutput, WireFileSearchResult, WireToolCall } from '../../aiml/resources/run-step.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire, kindOf } from '../schema/from-wire.ts';

type Wire<Type extends WireToolCall['type']> = Extract<WireToolCall, { readonly type: Type }>;

@InterfaceType({ description: 'A call of a tool. One of a kind that upstream adds later is an `UnknownToolCall`.' })
export abstract class ToolCall<W extends WireToolCall = WireToolCall> extends FromWire<W> {
  @Field(() => ID, { description: 'The id of the call. `submitToolOutputs` needs it for functions.' })
  readonly id = this.wire.id;

  @Field(() => String, { description: "Upstream's name for the kind of tool, for example `function`." })
  readonly type = kindOf(this.wire);
}

@SimpleObjectType(
  'A call of a function. `arguments` is the JSON text that the model wrote. It may be invalid JSON, and it is not ' +
    "validated against the function's parameters.",
  ToolCall,
)
export class FunctionToolCall extends ToolCall<Wire<'function'>> {
  @Field(() => String, { description: 'The name of the function.' })
  readonly name = this.wire.name;

  @Field(() => String, { description: 'The arguments, as the JSON text that the model wrote.' })
  readonly arguments = this.wire.arguments;

  @NullableField(() => String, 'The output. Null until it is submitted.')
  readonly output = this.wire.output;
}

@SimpleObjectType('Exactly one of logs and imageFileId is set, or neither if upstream has added a kind.')
class CodeInterpreterOutput extends FromWire<WireCodeInterpreterOutput> {
  @Field(() => String, { description: "Upstream's name for the kind, for example `logs`." })
  readonly type = this.wire.type;

  @NullableField(() => String, 'The text that the code printed.')
  readonly logs = this.wire.logs;

  @NullableField(() => ID, 'The file of an image that the code drew.')
  readonly imageFileId = this.wire.file_id;
}

@SimpleObjectType('A run of Python in a sandbox.', ToolCall)
export class CodeInterpreterToolCall extends ToolCall<Wire<'code_interpreter'>> {
  @Field(() => String, { description: 'The code.' })
  readonly input = this.wire.input;

  @Field(() => [CodeInterpreterOutput], { description: 'The outputs of the code, in order.' })
  readonly outputs = this.wire.outputs.map((output) => new CodeInterpreterOutput(output));
}

@SimpleObjectType('A result of a file search.')
class FileSearchResult extends FromWire<WireFileSearchResult> {
  @Field(() => ID, { description: 'The file.' })
  readonly fileId = this.wire.file_id;

  @Field(() => String, { description: 'Its name.' })
  readonly fileName = this.wire.file_name;

  @Field(() => Float, { description: 'The relevance, 0 to 1.' })
  readonly score = this.wire.score;

  @Field(() => [String], { description: 'The matching text. Empty if upstream omits it.' })
  readonly text = this.wire.text;
}

@SimpleObjectType('A search of vector stores.', ToolCall)
export class FileSearchToolCall extends ToolCall<Wire<'file_search'>> {
  @Field(() => [FileSearchResult], { description: 'The results, best first.' })
  readonly results = this.wire.results.map((result) => new FileSearchResult(result));
}

@SimpleObjectType('A call of a kind that this schema does not have.', ToolCall)
export class UnknownToolCall extends ToolCall<Wire<'unknown'>> {
  @Field(() => JSONObject, { description: 'The call as upstream sent it.' })
  readonly raw = this.wire.raw;
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
