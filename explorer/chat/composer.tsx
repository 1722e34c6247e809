/** Where the user writes. Enter sends, Shift and Enter begin a new line. */
import { useState, type KeyboardEvent, type SubmitEvent } from 'react';

export interface ComposerProps {
  readonly isBusy: boolean;
  /** Whether a run is in progress, which can be stopped. */
  readonly isRunning: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

export function Composer({ isBusy, isRunning, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('');
  const canSend = !isBusy && !isRunning && text.trim() !== '';
  const send = () => {
    if (!canSend) return;
    onSend(text);
    setText('');
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="message">
        Message
      </label>
      <textarea
        id="message"
        rows={Math.min(6, text.split('\n').length)}
        placeholder="Write a message"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKeyDown}
      />
      {isRunning ? (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={!canSend}>
          Send
        </button>
      )}
    </form>
  );
}
