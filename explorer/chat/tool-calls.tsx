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

/** The arguments and the parameters that have none, by name, with what the function's JSON Schema says of each; as text if they are no JSON object. */
function Arguments({ call, run }: { readonly call: ToolCall; readonly run: Run }) {
  const values = parseObject(call.arguments);
  if (values === null) return <pre tabIndex={0}>{call.arguments}</pre>;
  const properties = propertiesOf(run, call.name);
  const names = [...new Set([...Object.keys(properties), ...Object.keys(values)])];
  if (names.length === 0) return <p className="muted">No arguments.</p>;
  return (
    <dl>
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{Object.hasOwn(values, name) ? toText(values[name]) : <span className="muted">not given</span>}</dd>
          <dd className="muted">{describe(properties[name])}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Property {
  readonly type?: unknown;
  readonly enum?: unknown;
  readonly description?: unknown;
}
type Properties = Readonly<Record<string, Property | undefined>>;

const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A parameter in words, for example `billing | platform` or `string: the name of a city`. */
function describe({ type, enum: choices, description }: Property = {}): string {
  const options: unknown = choices ?? type;
  const kind = Array.isArray(options) ? options.map(toText).join(' | ') : typeof options === 'string' ? options : '';
  return [kind, typeof description === 'string' ? description : ''].filter((part) => part !== '').join(': ');
}

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
