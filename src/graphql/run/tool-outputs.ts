/** Compares submitted tool outputs with the calls that a run waits for. */
import type { WireRun } from '../../aiml/resources/run.ts';
import { UserError } from '../schema/user-error.ts';
import type { ToolOutputInput } from './run.input.ts';
import { wrongState } from './thread-state.ts';

/** Each call that the run waits for needs exactly one output. Empty if the outputs match. */
export function checkToolOutputs(run: WireRun, outputs: readonly ToolOutputInput[]): readonly UserError[] {
  if (run.status !== 'requires_action') return [wrongState('runId', 'The run does not wait for tool outputs.')];
  const required = new Set(run.required_tool_calls.map(({ id }) => id));
  const given = new Set(outputs.map(({ toolCallId }) => toolCallId));
  const foreign = outputs.flatMap(({ toolCallId }, index) =>
    required.has(toolCallId)
      ? []
      : [
          new UserError(
            'INVALID',
            ['input', 'toolOutputs', String(index), 'toolCallId'],
            'The run does not wait for a call with this "toolCallId".',
          ),
        ],
  );
  const isComplete = run.required_tool_calls.every(({ id }) => given.has(id));
  return isComplete
    ? foreign
    : [
        ...foreign,
        new UserError('INVALID', ['input', 'toolOutputs'], 'Every call that the run waits for takes an output.'),
      ];
}

/** Whether the run still waits for the output of one of these calls. */
export const isWaitingFor = (run: WireRun, outputs: readonly ToolOutputInput[]): boolean =>
  run.status === 'requires_action' &&
  run.required_tool_calls.some(({ id }) => outputs.some(({ toolCallId }) => toolCallId === id));
