/** Maps tools, their resources and response formats from the wire to GraphQL. `src/aiml` has checked them. */
import type { WireResponseFormat } from '../../aiml/resources/response-format.ts';
import type { WireTool, WireToolResources } from '../../aiml/resources/tool.ts';
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
import { JsonSchemaFormat, ResponseFormat } from './response-format.type.ts';

export function toTool(tool: WireTool): AssistantTool {
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

export const toToolResources = ({ code_interpreter, file_search }: WireToolResources): ToolResources =>
  new ToolResources(
    code_interpreter && new CodeInterpreterResources(code_interpreter.file_ids),
    file_search && new FileSearchResources(file_search.vector_store_ids),
  );

export function toResponseFormat(format: WireResponseFormat): ResponseFormat {
  const schema = format.type === 'json_schema' ? format.json_schema : null;
  return new ResponseFormat(
    format.type,
    schema && new JsonSchemaFormat(schema.name, schema.description, schema.schema, schema.strict),
  );
}
