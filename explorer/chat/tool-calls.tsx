/** The functions that a run waits for: their arguments, and a form for their outputs. */
import { useState, type SubmitEvent } from 'react';
import type { Run } from './conversation.ts';

export interface ToolCallsProps {
  readonly run: Run;
  readonly onSubmit: (outputs: Readonly<Record<string, string>>) => void;
}

type ToolCall = Run['requiredToolCalls'][number];

export function ToolCalls({ run, onSubmit }: ToolCallsProps) {
  const [outputs, setOutputs] = useState<Readonly<Record<string, string>>>({});
  const calls = run.requiredToolCalls;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSubmit(Object.fromEntries(calls.map(({ id }) => [id, outputs[id] ?? ''])));
  };
  return (
    <form className="tool-calls" onSubmit={submit} aria-label="Tool calls">
      <p>
        The assistant calls {calls.length === 1 ? 'a function' : `${calls.length} functions`}. Your app would run{' '}
        {calls.length === 1 ? 'it' : 'them'}; here you give the output.
      </p>
      {calls.map((call) => (
        <fieldset key={call.id}>
          <legend>
            <code>{call.name}</code>
          </legend>
          <Arguments call={call} run={run} />
          <label>
            Output
            <textarea
              rows={3}
              value={outputs[call.id] ?? ''}
              placeholder='For example {"ok": true}'
              onChange={({ target }) => setOutputs({ ...outputs, [call.id]: target.value })}
            />
          </label>
        </fieldset>
      ))}
      <button type="submit" className="primary">
        Submit {calls.length === 1 ? 'output' : 'outputs'}
      </button>
    </form>
  );
}

/** The arguments by name, with what the function's JSON Schema says of each; as text if they are no JSON object. */
function Arguments({ call, run }: { readonly call: ToolCall; readonly run: Run }) {
  const values = parseObject(call.arguments);
  if (values === null) return <pre tabIndex={0}>{call.arguments}</pre>;
  const names = Object.keys(values);
  if (names.length === 0) return <p className="muted">No arguments.</p>;
  const properties = propertiesOf(run, call.name);
  return (
    <dl>
      {names.map((name) => (
        <div key={name}>
          <dt title={properties[name]?.description}>{name}</dt>
          <dd>{typeof values[name] === 'string' ? values[name] : JSON.stringify(values[name])}</dd>
        </div>
      ))}
    </dl>
  );
}

type Properties = Readonly<Record<string, { readonly description?: string } | undefined>>;

function propertiesOf({ tools }: Run, name: string): Properties {
  const tool = tools.find((candidate) => candidate.__typename === 'FunctionTool' && candidate.name === name);
  const properties = tool?.__typename === 'FunctionTool' ? tool.parameters?.['properties'] : undefined;
  return typeof properties === 'object' && properties !== null ? (properties as Properties) : {};
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
