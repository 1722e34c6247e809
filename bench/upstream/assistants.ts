/**
 * The data of the bench's upstream: one assistant for every number, whose content follows from the number alone.
 *
 * All assistants have the same length, so that a different length means a different response. The upstream serves them,
 * and the verification computes the correct responses from them.
 */

export const PAGE_SIZE = 20;

/** The number of digits of an id. It is fixed, so that all requests for an assistant have the same length. */
export const ID_DIGITS = 24;

export const digitsOf = (n: number): string => String(n).padStart(ID_DIGITS, '0');

export const idOf = (n: number): string => `asst_${digitsOf(n)}`;

/** The number of an id; NaN if it is not an id. */
export const numberOf = (id: string): number =>
  id.startsWith('asst_') && id.length === idOf(0).length ? Number(id.slice('asst_'.length)) : NaN;

export type WireTool =
  | { readonly type: 'code_interpreter' }
  | { readonly type: 'file_search'; readonly file_search?: { readonly max_num_results?: number } }
  | {
      readonly type: 'function';
      readonly function: {
        readonly name: string;
        readonly description?: string | null;
        readonly parameters?: Readonly<Record<string, unknown>> | null;
        readonly strict?: boolean | null;
      };
    };

/** An assistant in the wire form of the AIML API. */
export interface WireAssistant {
  readonly id: string;
  readonly object: 'assistant';
  readonly created_at: number;
  readonly model: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly instructions?: string | null;
  readonly tools?: readonly WireTool[] | null;
  readonly tool_resources?: {
    readonly code_interpreter?: { readonly file_ids: readonly string[] } | null;
    readonly file_search?: { readonly vector_store_ids: readonly string[] } | null;
  } | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly reasoning_effort?: string | null;
  readonly response_format?: 'auto' | null;
}

export interface WireAssistantList {
  readonly object: 'list';
  readonly data: readonly WireAssistant[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The number of different contents. */
export const VARIANTS = 20;

/** Assistant `n`. A template passes `variant` to give this id the content of another number. */
export function assistantOf(n: number, variant = n % VARIANTS): WireAssistant {
  const tag = String(variant + 10);
  return {
    id: idOf(n),
    object: 'assistant',
    created_at: 1_763_800_000 - variant * 60,
    model: 'gpt-4o-mini',
    name: `Support desk ${tag}`,
    description: `Answers what customers of region ${tag} ask about their orders, and looks orders up.`,
    instructions:
      `You are the support desk of region ${tag}. Answer in the customer's language, in at most three sentences; ` +
      'quote order numbers as “№ 4711”. Never promise a date that the tools did not give you.\n' +
      'Where an order is late, say so, say by how much, and offer the two ways out: wait, or cancel free of charge.',
    tools: [
      { type: 'code_interpreter' },
      { type: 'file_search', file_search: { max_num_results: 8 } },
      {
        type: 'function',
        function: {
          name: `find_order_${tag}`,
          description: 'Looks an order up by its number.',
          parameters: {
            type: 'object',
            properties: {
              number: { type: 'integer', minimum: 1 },
              include: { type: 'array', items: { type: 'string', enum: ['lines', 'parcels'] } },
            },
            required: ['number'],
            additionalProperties: false,
          },
          strict: false,
        },
      },
    ],
    tool_resources: { file_search: { vector_store_ids: [`vs_${tag}aB3dE6gH9`] } },
    metadata: { region: tag, team: 'support', tier: 'gold' },
    temperature: 0.7,
    top_p: 0.95,
    reasoning_effort: null,
    response_format: 'auto',
  };
}

/** The page after assistant `after`; the collection is infinite. */
export function listOf(after: number, limit: number): WireAssistantList {
  const size = Math.min(limit, PAGE_SIZE);
  const data = Array.from({ length: size }, (_, index) => assistantOf(after + 1 + index));
  return {
    object: 'list',
    data,
    first_id: data.at(0)?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: true,
  };
}
