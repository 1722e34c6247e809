/** Makes the input of a create of what a query returned. */

interface Tool {
  readonly type: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** What a query of `documents.ts` returns of an object; fields that are copied as they are have no type here. */
interface Listed {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ListedAssistant extends Listed {
  readonly model: string;
  readonly tools: readonly Tool[];
  readonly responseFormat: { readonly type: string; readonly jsonSchema: unknown } | null;
}

export interface ListedThread extends Listed {
  readonly toolResources: object | null;
}

export interface ListedMessage extends Listed {
  readonly role: 'USER' | 'ASSISTANT';
  readonly content: readonly Tool[];
  readonly attachments: readonly { readonly fileId: string | null; readonly tools: readonly string[] }[];
}

/** The input, and what of the original a create cannot express. */
interface Converted<T> {
  readonly input: T;
  readonly losses: readonly string[];
}

type Input = Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, string>> };

export function toAssistantInput(
  assistant: Omit<ListedAssistant, 'id'>,
): Converted<Input & { readonly model: string }> {
  const { model, tools, responseFormat, metadata, ...fields } = assistant;
  const losses: string[] = [];
  const toolInputs = tools.flatMap((tool) => {
    const input = toToolInput(tool);
    if (input === null) losses.push('a tool of a kind that is not known');
    return input === null ? [] : [input];
  });
  const format = toResponseFormatInput(responseFormat);
  if (responseFormat && format === undefined) losses.push('a response format of a kind that is not known');
  return {
    input: {
      model,
      ...withoutNulls(fields),
      ...(toolInputs.length > 0 && { tools: toolInputs }),
      ...(format && { responseFormat: format }),
      metadata,
    },
    losses,
  };
}

export function toThreadInput({ toolResources, metadata }: ListedThread): Input {
  return { ...withoutNulls({ toolResources }), metadata };
}

/** Null if nothing is left that a message can be created with. */
export function toMessageInput(
  message: ListedMessage,
): Converted<(Input & { readonly role: ListedMessage['role'] }) | null> {
  const losses: string[] = [];
  // The text of a message that was cut before its first token is empty.
  const parts = message.content.filter((part) => part['text'] !== '');
  const content = parts.flatMap((part) => {
    const input = toContentInput(part);
    if (input === null) losses.push('a part of a kind that is not known');
    return input === null ? [] : [input];
  });
  const attachments = message.attachments.flatMap(({ fileId, tools }) => {
    const known = tools.map((tool) => ATTACHMENT_TOOLS.get(tool)).filter((tool) => tool !== undefined);
    if (fileId !== null && known.length > 0) return [{ fileId, tools: known }];
    losses.push('an attachment without a file or a tool that is known');
    return [];
  });
  if (content.length === 0) return { input: null, losses: [...losses, 'it has no content'] };
  const { role, metadata } = message;
  return { input: { role, content, ...(attachments.length > 0 && { attachments }), metadata }, losses };
}

const ATTACHMENT_TOOLS: ReadonlyMap<string, string> = new Map([
  ['code_interpreter', 'CODE_INTERPRETER'],
  ['file_search', 'FILE_SEARCH'],
]);

function toToolInput({ type, ...fields }: Tool): unknown {
  if (type === 'code_interpreter') return { codeInterpreter: true };
  if (type === 'file_search') {
    const { rankingOptions, ...others } = fields;
    // Its input needs a threshold; 0, which upstream takes for none, excludes nothing.
    const ranking = isObject(rankingOptions) && { scoreThreshold: 0, ...withoutNulls(rankingOptions) };
    return { fileSearch: { ...withoutNulls(others), ...(ranking && { rankingOptions: ranking }) } };
  }
  return type === 'function' && typeof fields.name === 'string' ? { function: withoutNulls(fields) } : null;
}

function toResponseFormatInput(format: ListedAssistant['responseFormat']): object | undefined {
  if (format === null || format.type === 'UNKNOWN') return undefined;
  return format.type === 'JSON_SCHEMA' && isObject(format.jsonSchema)
    ? { jsonSchema: withoutNulls(format.jsonSchema) }
    : { type: format.type };
}

function toContentInput(part: Tool): unknown {
  const detail = typeof part['detail'] === 'string' ? { detail: part['detail'].toUpperCase() } : {};
  if (part.type === 'text') return { text: part['text'] };
  if (part.type === 'refusal') return { text: part['refusal'] };
  if (part.type === 'image_url') return { imageUrl: { url: part['url'], ...detail } };
  return part.type === 'image_file' ? { imageFile: { fileId: part['fileId'], ...detail } } : null;
}

/** A copy without fields that are null, nested ones included: they take upstream's default, as they did in the original. */
function withoutNulls(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && field !== undefined)
      .map(([name, field]) => [name, isNullableInput(name, field) ? withoutNulls(field) : field]),
  );
}

/** JSON Schemas are the caller's own: a null in them is kept. */
const isNullableInput = (name: string, field: unknown): field is object =>
  (name === 'toolResources' || name === 'codeInterpreter' || name === 'fileSearch') && isObject(field);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
