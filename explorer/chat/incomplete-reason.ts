/** Why a run or a message is incomplete, in words. */

const WORDS: ReadonlyMap<string, string> = new Map([
  ['max_completion_tokens', 'The limit of tokens was reached.'],
  ['max_tokens', 'The limit of tokens was reached.'],
  ['max_prompt_tokens', 'The conversation is too long for the model.'],
  ['content_filter', 'A content filter stopped the model.'],
  ['run_cancelled', 'The run was stopped.'],
  ['run_expired', 'The run expired.'],
  ['run_failed', 'The run failed.'],
]);

/** Upstream's own word for a reason that it adds later. */
export function toWords(reason: string | null): string {
  if (reason === null) return 'The service gave no reason.';
  return WORDS.get(reason) ?? `Reason: ${reason.replaceAll('_', ' ')}.`;
}
