/** The inputs that W5 uses. */
import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, Float, InputType } from 'type-graphql';

@InputType()
export class FunctionToolInput {
  @Field(() => String) declare name: string;
  @Field(() => String, { nullable: true }) declare description?: string;
  @Field(() => GraphQLJSONObject, { nullable: true }) declare parameters?: Record<string, unknown>;
  @Field(() => Boolean, { nullable: true }) declare strict?: boolean;
}

@InputType()
export class AssistantToolInput {
  @Field(() => Boolean, { nullable: true }) declare codeInterpreter?: boolean;
  @Field(() => FunctionToolInput, { nullable: true }) declare function?: FunctionToolInput;
}

@InputType()
export class CreateAssistantInput {
  @Field(() => String) declare model: string;
  @Field(() => String, { nullable: true }) declare name?: string;
  @Field(() => String, { nullable: true }) declare description?: string;
  @Field(() => String, { nullable: true }) declare instructions?: string;
  @Field(() => [AssistantToolInput], { nullable: true }) declare tools?: AssistantToolInput[];
  @Field(() => GraphQLJSONObject, { nullable: true }) declare metadata?: Record<string, string>;
  @Field(() => Float, { nullable: true }) declare temperature?: number;
}
