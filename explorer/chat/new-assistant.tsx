/** A form for a new assistant, with what a first one needs. Everything else that assistants can have is in GraphiQL. */
import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import type { Assistant } from './assistant-details.tsx';
import { ChatCreateAssistantDocument, ChatModelsDocument, type CreateAssistantInput } from './generated/graphql.ts';
import type { GraphQLClient } from './graphql-client.ts';

export interface NewAssistantProps {
  readonly client: GraphQLClient;
  /** Whether the account has none yet. */
  readonly isFirst: boolean;
  readonly onCreated: (assistant: Assistant) => void;
  readonly onCancel: () => void;
}

const EXAMPLE_FUNCTION = {
  name: 'get_weather',
  description: 'The weather of a city, now.',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'for example Oslo' },
      unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
    },
    required: ['city'],
  },
};

const DEFAULT_MODEL = 'gpt-4o';

type Field = 'name' | 'model' | 'instructions';
/** By field; those of no field of the form are under `form`. */
type Problems = Readonly<Partial<Record<Field | 'form', string>>>;

export function NewAssistant({ client, isFirst, onCreated, onCancel }: NewAssistantProps) {
  const [values, setValues] = useState<Readonly<Record<Field, string>>>({
    name: '',
    model: DEFAULT_MODEL,
    instructions: '',
  });
  const [hasFunction, setHasFunction] = useState(isFirst);
  const [problems, setProblems] = useState<Problems>({});
  const [isCreating, setIsCreating] = useState(false);
  const models = useModels(client);
  const [firstModel] = models;
  useEffect(() => {
    if (firstModel === undefined || models.includes(DEFAULT_MODEL)) return;
    setValues((current) => (current.model === DEFAULT_MODEL ? { ...current, model: firstModel } : current));
  }, [models, firstModel]);
  // Sent again after a lost connection, the same input creates one assistant.
  const key = useRef({ input: '', idempotencyKey: '' });

  const create = async () => {
    const input = toInput(values, hasFunction);
    const text = JSON.stringify(input);
    if (key.current.input !== text) key.current = { input: text, idempotencyKey: crypto.randomUUID() };
    const { createAssistant } = await client.execute(ChatCreateAssistantDocument, {
      input: { ...input, idempotencyKey: key.current.idempotencyKey },
    });
    if (createAssistant.assistant) onCreated(createAssistant.assistant);
    else setProblems(toProblems(createAssistant.userErrors));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (isCreating) return;
    setIsCreating(true);
    setProblems({});
    create()
      .catch((error: unknown) => setProblems({ form: error instanceof Error ? error.message : 'It failed.' }))
      .finally(() => setIsCreating(false));
  };
  const propsOf = (field: Field) => ({
    id: `assistant-${field}`,
    value: values[field],
    'aria-invalid': problems[field] !== undefined,
    'aria-describedby': `assistant-${field}-problem`,
    onChange: ({ target }: { readonly target: { readonly value: string } }) =>
      setValues((current) => ({ ...current, [field]: target.value })),
  });

  return (
    <form className="card" onSubmit={submit} aria-labelledby="new-assistant-title" noValidate>
      <h2 id="new-assistant-title">{isFirst ? 'Create your first assistant' : 'New assistant'}</h2>
      {isFirst && (
        <p className="muted">
          There are no assistants yet. Create one here, or a set of examples with <code>npm run seed</code>.
        </p>
      )}
      <div>
        <label htmlFor="assistant-name">Name</label>
        <input {...propsOf('name')} placeholder="Weather desk" autoComplete="off" autoFocus={!isFirst} />
        <Problem field="name" problems={problems} />
      </div>
      <div>
        <label htmlFor="assistant-instructions">Instructions</label>
        <textarea {...propsOf('instructions')} rows={3} placeholder="Answer in one short paragraph." />
        <Problem field="instructions" problems={problems} />
      </div>
      <div>
        <label htmlFor="assistant-model">Model</label>
        <input {...propsOf('model')} list="models" autoComplete="off" required />
        <datalist id="models">
          {models.map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <Problem field="model" problems={problems} />
      </div>
      <label className="check">
        <input type="checkbox" checked={hasFunction} onChange={({ target }) => setHasFunction(target.checked)} />
        <span>
          With an example function, <code>get_weather</code>, whose output you give by hand
        </span>
      </label>
      {problems.form !== undefined && (
        <p className="note" role="alert">
          Not created: {problems.form}
        </p>
      )}
      <p className="actions">
        <button type="submit" className="primary" aria-disabled={isCreating}>
          Create
        </button>
        {isFirst ? (
          <button type="button" className="quiet" onClick={onCancel}>
            Look for assistants again
          </button>
        ) : (
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        )}
      </p>
    </form>
  );
}

const Problem = ({ field, problems }: { readonly field: Field; readonly problems: Problems }) => (
  <p className="note" id={`assistant-${field}-problem`} role="alert">
    {problems[field]}
  </p>
);

function toInput(
  { name, model, instructions }: Readonly<Record<Field, string>>,
  hasFunction: boolean,
): CreateAssistantInput {
  return {
    model: model.trim(),
    ...(name.trim() !== '' && { name: name.trim() }),
    ...(instructions.trim() !== '' && { instructions: instructions.trim() }),
    ...(hasFunction && { tools: [{ function: EXAMPLE_FUNCTION }] }),
  };
}

interface UserError {
  readonly field: readonly string[] | null;
  readonly message: string;
}

/** The field's path is `["input", "name"]` and the like. */
function toProblems(userErrors: readonly UserError[]): Problems {
  const problems: Partial<Record<Field | 'form', string>> = {};
  for (const { field, message } of userErrors) {
    const [, name] = field ?? [];
    problems[name === 'name' || name === 'model' || name === 'instructions' ? name : 'form'] ??= message;
  }
  return problems;
}

/** The models to choose from. Empty if they cannot be read: then the user knows the name of one. */
function useModels(client: GraphQLClient): readonly string[] {
  const [models, setModels] = useState<readonly string[]>([]);
  useEffect(() => {
    let isCurrent = true;
    client
      .execute(ChatModelsDocument, {})
      .then(({ models: list }) => isCurrent && setModels((list ?? []).map(({ id }) => id)))
      .catch(() => undefined);
    return () => {
      isCurrent = false;
    };
  }, [client]);
  return models;
}
