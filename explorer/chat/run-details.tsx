/** What the run of a message did: its model, its tokens and the tools that it called. It is read when it is opened. */
import { useEffect, useId, useRef, useState } from 'react';
import type { ChatRunDetailsQuery } from './generated/graphql.ts';

export type RunWithSteps = NonNullable<ChatRunDetailsQuery['run']>;
/** Resolves to null if the run does not exist any more. */
export type ReadRun = (runId: string) => Promise<RunWithSteps | null>;
type Step = RunWithSteps['steps']['nodes'][number];
type ToolCall = Extract<Step, { readonly __typename: 'ToolCallsStep' }>['toolCalls'][number];

interface RunDetailsProps {
  readonly runId: string;
  readonly readRun: ReadRun;
}

/** A button, and below it the details while they are open. */
export function RunDetails(props: RunDetailsProps) {
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        className="quiet"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setIsOpen(!isOpen)}
      >
        {isOpen ? 'Hide details' : 'Details'}
      </button>
      {isOpen && <Panel {...props} id={id} />}
    </>
  );
}

function Panel({ id, runId, readRun }: RunDetailsProps & { readonly id: string }) {
  const [details, setDetails] = useState<RunWithSteps | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const section = useRef<HTMLElement>(null);
  // The details of the last message would open below what is visible.
  useEffect(() => {
    section.current?.scrollIntoView({ block: 'nearest' });
  }, [details]);
  useEffect(() => {
    let isCurrent = true;
    readRun(runId).then(
      (run) => {
        if (!isCurrent) return;
        setDetails(run);
        if (!run) setProblem('The run does not exist any more.');
      },
      (error: unknown) => isCurrent && setProblem(error instanceof Error ? error.message : 'It failed.'),
    );
    return () => {
      isCurrent = false;
    };
  }, [runId, readRun]);
  return (
    <section ref={section} className="run-details" id={id} aria-label="Details of the response">
      {problem !== null && <p className="note">{problem}</p>}
      {problem === null && !details && <p className="muted">Loading …</p>}
      {details && <Details details={details} />}
    </section>
  );
}

function Details({ details: { model, usage, steps } }: { readonly details: RunWithSteps }) {
  const calls = steps.nodes.flatMap((step) => (step.__typename === 'ToolCallsStep' ? step.toolCalls : []));
  return (
    <>
      <p className="muted">
        Model <code>{model}</code>
        {usage && `, ${usage.promptTokens} tokens read, ${usage.completionTokens} written`}
        {calls.length === 0 && ', no tool called'}
      </p>
      {calls.map((call) => (
        <Call key={call.id} call={call} />
      ))}
    </>
  );
}

function Call({ call }: { readonly call: ToolCall }) {
  switch (call.__typename) {
    case 'FunctionToolCall':
      return (
        <dl>
          <Entry name={`Called ${call.name}`} text={toReadableJson(call.arguments)} />
          <Entry name="Output" text={call.output === null ? null : toReadableJson(call.output)} />
        </dl>
      );
    case 'CodeInterpreterToolCall':
      return (
        <dl>
          <Entry name="Ran code" text={call.input} />
          {call.outputs.map(({ logs, imageFileId }, index) => (
            <Entry key={index} name="Output" text={logs ?? `Image in file ${imageFileId ?? ''}`} />
          ))}
        </dl>
      );
    case 'FileSearchToolCall':
      return (
        <dl>
          <Entry name="Searched files" text={call.results.map(({ fileName }) => fileName).join('\n')} />
        </dl>
      );
    default:
      return <p className="muted">A call of the kind “{call.type}”, which this page cannot show.</p>;
  }
}

/** `text` is null if there is none yet. */
const Entry = ({ name, text }: { readonly name: string; readonly text: string | null }) => (
  <div>
    <dt>{name}</dt>
    <dd>{text === null || text === '' ? <span className="muted">none</span> : <pre tabIndex={0}>{text}</pre>}</dd>
  </div>
);

/** JSON of an object or array, indented; any other text as it is. */
function toReadableJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
