/**
 * From the wire to GraphQL: the one place where snake_case becomes the schema's names.
 *
 * What `src/aiml/wire.ts` has read needs no check here, and no value is copied.
 */
import type { WireAssistant, WireResponseFormat, WireTool, WireToolResources } from '../../aiml/wire.ts';
import { PageInfo, type Page } from '../pagination.ts';
import {
  CodeInterpreterResources,
  CodeInterpreterTool,
  FileSearchRankingOptions,
  FileSearchResources,
  FileSearchTool,
  FunctionTool,
  ToolResources,
  UnknownTool,
  type AssistantTool,
} from './assistant-tool.type.ts';
import { Assistant, AssistantConnection } from './assistant.type.ts';
import { JsonSchemaFormat, ResponseFormat } from './response-format.type.ts';

export function toAssistant(wire: WireAssistant): Assistant {
  return new Assistant({
    id: wire.id,
    createdAt: wire.created_at,
    model: wire.model,
    name: wire.name,
    description: wire.description,
    instructions: wire.instructions,
    tools: wire.tools.map(toTool),
    toolResources: wire.tool_resources && toToolResources(wire.tool_resources),
    metadata: wire.metadata,
    temperature: wire.temperature,
    topP: wire.top_p,
    reasoningEffort: wire.reasoning_effort,
    responseFormat: wire.response_format && toResponseFormat(wire.response_format),
  });
}

export const toAssistantConnection = (page: Page<WireAssistant>): AssistantConnection =>
  new AssistantConnection(page.items.map(toAssistant), new PageInfo(page));

function toTool(tool: WireTool): AssistantTool {
  switch (tool.type) {
    case 'code_interpreter':
      return new CodeInterpreterTool();
    case 'file_search': {
      const ranking = tool.ranking_options;
      return new FileSearchTool(
        tool.max_num_results,
        ranking && new FileSearchRankingOptions(ranking.ranker, ranking.score_threshold),
      );
    }
    case 'function':
      return new FunctionTool(tool.name, tool.description, tool.parameters, tool.strict);
    case 'unknown':
      return new UnknownTool(tool.raw);
  }
}

const toToolResources = ({ code_interpreter, file_search }: WireToolResources): ToolResources =>
  new ToolResources(
    code_interpreter && new CodeInterpreterResources(code_interpreter.file_ids),
    file_search && new FileSearchResources(file_search.vector_store_ids),
  );

function toResponseFormat(format: WireResponseFormat): ResponseFormat {
  const schema = format.type === 'json_schema' ? format.json_schema : null;
  return new ResponseFormat(
    format.type,
    schema && new JsonSchemaFormat(schema.name, schema.description, schema.schema, schema.strict),
  );
}
