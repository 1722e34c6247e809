/** What a run that did not complete came to, and the way on from there. */
import type { Run } from './conversation.ts';

export interface RunNoticeProps {
  readonly run: Run;
  /** Sends the last message of the user again. */
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
        <Notice title="The response was cut short" text={INCOMPLETE_REASONS.get(run.incompleteReason ?? '') ?? ''}>
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

const INCOMPLETE_REASONS: ReadonlyMap<string, string> = new Map([
  ['max_completion_tokens', 'The limit of tokens was reached.'],
  ['max_prompt_tokens', 'The conversation is too long for the model.'],
  ['content_filter', 'A content filter stopped the model.'],
]);

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
    {children}
  </section>
);
