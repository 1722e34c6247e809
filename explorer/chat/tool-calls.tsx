/** The functions that a run waits for: their arguments, and a form for their outputs. */
import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { focusComposer } from './composer.tsx';
import type { Run } from './conversation.ts';
import { parseObject, toParameters, type Parameter } from './tool-parameters.ts';

interface ToolCallsProps {
  readonly run: Run;
  /** Resolves when the service has responded. */
  readonly onSubmit: (outputs: Readonly<Record<string, string>>) => Promise<void>;
}

type ToolCall = Run['requiredToolCalls'][number];

export function ToolCalls({ run, onSubmit }: ToolCallsProps) {
  const [outputs, setOutputs] = useState<Readonly<Record<string, string>>>({});
  const [isSubmitting, setIsSubmitting] = useState(false);
  const calls = run.requiredToolCalls;
  const form = useRef<HTMLFormElement>(null);
  // A form that is taller than what is visible of the conversation is read from its beginning.
  useEffect(() => {
    const { current: element } = form;
    if (element?.parentElement && element.offsetHeight > element.parentElement.clientHeight) element.scrollIntoView();
  }, []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (isSubmitting) return;
    setIsSubmitting(true);
    void onSubmit(Object.fromEntries(calls.map(({ id }) => [id, outputs[id] ?? '']))).finally(() =>
      setIsSubmitting(false),
    );
    // The form is removed when the run continues.
    focusComposer();
  };
  return (
    <form ref={form} className="tool-calls" onSubmit={submit} aria-label="Tool calls">
      <p>
        The assistant calls {calls.length === 1 ? 'a function' : `${calls.length} functions`}. Your app would run{' '}
        {calls.length === 1 ? 'it' : 'them'}; here you give the output.
      </p>
      {calls.map((call) => (
        <Call
          key={call.id}
          call={call}
          run={run}
          output={outputs[call.id] ?? ''}
          onChange={(output) => setOutputs({ ...outputs, [call.id]: output })}
        />
      ))}
      <button type="submit" className="primary" aria-disabled={isSubmitting}>
        Submit {calls.length === 1 ? 'output' : 'outputs'}
      </button>
    </form>
  );
}

interface CallProps {
  readonly call: ToolCall;
  readonly run: Run;
  readonly output: string;
  readonly onChange: (output: string) => void;
}

function Call({ call, run, output, onChange }: CallProps) {
  const hintId = `${call.id}-hint`;
  const tool = run.tools.find((candidate) => candidate.__typename === 'FunctionTool' && candidate.name === call.name);
  const { description, parameters } =
    tool?.__typename === 'FunctionTool' ? tool : { description: null, parameters: null };
  return (
    <fieldset>
      <legend>
        <code>{call.name}</code>
      </legend>
      {description !== null && <p className="muted">{description}</p>}
      <Arguments text={call.arguments} schema={parameters} />
      <label>
        Output
        <textarea
          rows={3}
          value={output}
          placeholder='Text or JSON, for example {"ok": true}'
          aria-describedby={hintId}
          onChange={({ target }) => onChange(target.value)}
        />
      </label>
      <p id={hintId} className="hint" role="status">
        {isBrokenJson(output) ? 'This begins as JSON, but is not valid JSON. It is sent as it is.' : ''}
      </p>
    </fieldset>
  );
}

interface ArgumentsProps {
  /** The JSON text that the model wrote. */
  readonly text: string;
  /** The function's JSON Schema; null if it has none. */
  readonly schema: Readonly<Record<string, unknown>> | null;
}

function Arguments({ text, schema }: ArgumentsProps) {
  const values = parseObject(text);
  if (values === null)
    return (
      <>
        <p className="hint">The arguments are not a JSON object:</p>
        <pre tabIndex={0}>{text}</pre>
      </>
    );
  const parameters = toParameters(values, schema);
  if (parameters.length === 0) return <p className="muted">No arguments.</p>;
  return (
    <dl>
      {parameters.map((parameter) => (
        <div key={parameter.name}>
          <dt>
            <code>{parameter.name}</code> <span className="muted">{parameter.description}</span>
          </dt>
          <dd>
            <Value parameter={parameter} />
            {parameter.problem !== null && <p className="hint">{parameter.problem}</p>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ parameter: { isGiven, value } }: { readonly parameter: Parameter }) {
  if (!isGiven) return <span className="muted">not given</span>;
  if (typeof value === 'string') return <LongText text={value} />;
  if (typeof value === 'object' && value !== null) return <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>;
  return JSON.stringify(value);
}

/** A long text scrolls by itself, also with the keyboard. */
const LongText = ({ text }: { readonly text: string }) =>
  text.length > 400 ? (
    <div className="plain long" tabIndex={0} role="group" aria-label="Value">
      {text}
    </div>
  ) : (
    <span className="plain">{text}</span>
  );

function isBrokenJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}
