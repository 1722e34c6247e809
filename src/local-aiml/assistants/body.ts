/**
 * The members, types and limits of the bodies of create and modify. What is not described is rejected, in nested objects
 * too, so that nothing is dropped silently.
 */
import { z } from 'zod';
import { toolResourcesOfCreate, toolResourcesOfModify } from '../wire/tool-resources.ts';
import { createBodyReader, identifier, jsonObject, metadata, nonEmptyText, text } from '../api/validation.ts';

const codeInterpreterTool = z.strictObject({ type: z.literal('code_interpreter') });

const fileSearchTool = z.strictObject({
  type: z.literal('file_search'),
  file_search: z
    .strictObject({
      max_num_results: z.int().min(1).max(50).optional(),
      ranking_options: z
        .strictObject({
          ranker: z.enum(['auto', 'default_2024_08_21']).optional(),
          score_threshold: z.number().min(0).max(1),
        })
        .optional(),
    })
    .optional(),
});

const functionTool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: identifier,
    description: z.string().optional(),
    parameters: jsonObject.optional(),
    strict: z.boolean().nullish(),
  }),
});

export const tool = z.discriminatedUnion('type', [codeInterpreterTool, fileSearchTool, functionTool]);

export const responseFormat = z.union([
  z.literal('auto'),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: identifier,
        description: z.string().optional(),
        schema: jsonObject.optional(),
        strict: z.boolean().nullish(),
      }),
    }),
  ]),
]);

export const reasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/** Of an assistant and of a run. */
export const sampling = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
};

const members = {
  name: text(256).nullish(),
  description: text(512).nullish(),
  instructions: text(256_000).nullish(),
  tools: z.array(tool).max(128).optional(),
  metadata: metadata.nullish(),
  ...sampling,
  reasoning_effort: reasoningEffort.nullish(),
  response_format: responseFormat.nullish(),
};
const create = z.strictObject({ model: nonEmptyText, ...members, tool_resources: toolResourcesOfCreate.nullish() });
const modify = z.strictObject({
  model: nonEmptyText.optional(),
  ...members,
  tool_resources: toolResourcesOfModify.nullish(),
});

export type CreateAssistantBody = z.infer<typeof create>;
export type ModifyAssistantBody = z.infer<typeof modify>;

type Members = Omit<z.infer<z.ZodObject<typeof members>>, 'metadata'>;
/** The members of an assistant that are stored as a body has them. */
export type AssistantSettings = { readonly [Name in keyof Members]-?: Exclude<Members[Name], undefined> };

/** The values of members that a create leaves out. */
export const defaultSettings: AssistantSettings = {
  name: null,
  description: null,
  instructions: null,
  tools: [],
  temperature: 1,
  top_p: 1,
  reasoning_effort: null,
  response_format: 'auto',
};

export const readCreateBody = createBodyReader(create);
export const readModifyBody = createBodyReader(modify);
