/** What a run that did not complete came to, and the way on from there. */
import type { Run } from './conversation.ts';
import { toWords } from './incomplete-reason.ts';

interface RunNoticeProps {
  readonly run: Run;
  /** Runs the assistant again on the last message of the user. */
  readonly onRetry: () => void;
  readonly onContinue: () => void;
}

export function RunNotice({ run, onRetry, onContinue }: RunNoticeProps) {
  switch (run.status) {
    case 'FAILED':
      return (
        <Notice title="The run failed" text={toReason(run)}>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </Notice>
      );
    case 'EXPIRED':
      return (
        <Notice title="The run expired" text="It was not finished in time.">
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </Notice>
      );
    case 'INCOMPLETE':
      return (
        <Notice title="The response was cut short" text={toWords(run.incompleteReason)}>
          <button type="button" onClick={onContinue}>
            Continue
          </button>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </Notice>
      );
    case 'CANCELLED':
      return (
        <Notice title="You stopped the run" text="What was written stays.">
          <button type="button" onClick={onContinue}>
            Continue
          </button>
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </Notice>
      );
    default:
      return null;
  }
}

const toReason = ({ lastError }: Run): string =>
  lastError ? `${lastError.message} (${lastError.code})` : 'The service gave no reason.';

interface NoticeProps {
  readonly title: string;
  readonly text: string;
  readonly children: React.ReactNode;
}

const Notice = ({ title, text, children }: NoticeProps) => (
  <section className="notice" role="alert" aria-label={title}>
    <div>
      <strong>{title}</strong>
      {text !== '' && <p>{text}</p>}
    </div>
    <p className="actions">{children}</p>
  </section>
);
