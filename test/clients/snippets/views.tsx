// What docs/clients.md shows of React and all clients share: components that know no client.
import { useActionState } from 'react';
import type { Answer } from './run-answer.ts';

/** Submits one text. `submit` resolves with what is wrong, or with null. */
export function TextForm({ label, submit }: { label: string; submit: (text: string) => Promise<string | null> }) {
  const [problem, action, isPending] = useActionState(async (_previous: string | null, form: FormData) => {
    const text = form.get('text');
    return submit(typeof text === 'string' ? text : '');
  }, null);
  return (
    <form action={action}>
      <label>
        {label} <textarea name="text" />
      </label>
      <button disabled={isPending}>{label}</button>
      {problem !== null && <p role="alert">{problem}</p>}
    </form>
  );
}

export function AnswerView({ answer, problem, goOn }: { answer: Answer; problem: string | null; goOn: () => void }) {
  return (
    <article aria-busy={!answer.hasEnded}>
      {Object.entries(answer.texts).map(([part, text]) => (
        <p key={part}>{text}</p>
      ))}
      {answer.hasEnded && answer.status !== 'COMPLETED' && <p role="status">{answer.status}</p>}
      {problem !== null && (
        <p role="alert">
          {problem} <button onClick={goOn}>Go on</button>
        </p>
      )}
    </article>
  );
}
