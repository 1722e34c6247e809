// What docs/clients.md shows of React and all clients share: components that know no client.
import { useActionState } from 'react';
import type { Reply } from './run-reply.ts';

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

export function ReplyView({ reply, problem, goOn }: { reply: Reply; problem: string | null; goOn: () => void }) {
  return (
    <article aria-busy={!reply.hasEnded}>
      {Object.entries(reply.texts).map(([part, text]) => (
        <p key={part}>{text}</p>
      ))}
      {reply.hasEnded && reply.status !== 'COMPLETED' && <p role="status">{reply.status}</p>}
      {problem !== null && (
        <p role="alert">
          {problem} <button onClick={goOn}>Go on</button>
        </p>
      )}
    </article>
  );
}
