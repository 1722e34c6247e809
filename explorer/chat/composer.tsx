/**
 * Where the user writes. Enter sends, Shift and Enter begin a new line, Escape stops the run in progress. The keyboard of a phone
 * has no Shift and Enter: there Enter begins a new line, and the button sends.
 */
import { useState, type KeyboardEvent, type SubmitEvent } from 'react';

interface ComposerProps {
  readonly isBusy: boolean;
  /** Whether a run is in progress, which can be stopped. */
  readonly isRunning: boolean;
  readonly isStopping: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

const ID = 'message';

/** Whether the user has a finger and a keyboard on the screen. */
const isTouch = (): boolean => matchMedia('(pointer: coarse)').matches;

/** For buttons that disappear when they are pressed: the keyboard's focus would be lost with them. */
export const focusComposer = (): void => document.getElementById(ID)?.focus();

/** What was just opened: on a touch screen without its message box, which would cover half of it with a keyboard. */
export const focusOpened = (): void =>
  isTouch() ? document.querySelector<HTMLElement>('.scroll')?.focus() : focusComposer();

export function Composer({ isBusy, isRunning, isStopping, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('');
  const canSend = !isBusy && !isRunning && text.trim() !== '';
  const send = () => {
    if (!canSend) return;
    onSend(text);
    setText('');
  };
  const stop = () => {
    if (!isRunning || isStopping) return;
    onStop();
    focusComposer();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    send();
    focusComposer();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && !event.shiftKey) stop();
    if (event.key !== 'Enter' || event.shiftKey || isTouch()) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor={ID}>
        Message
      </label>
      <textarea
        id={ID}
        rows={Math.min(6, text.split('\n').length)}
        placeholder="Write a message"
        aria-describedby="message-keys"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKeyDown}
      />
      {isRunning ? (
        <button type="button" aria-disabled={isStopping} onClick={stop}>
          Stop
        </button>
      ) : (
        <button type="submit" className="primary" disabled={!canSend}>
          Send
        </button>
      )}
      <p id="message-keys" className="keys">
        {isRunning ? 'Escape stops the response' : 'Enter sends, Shift + Enter begins a new line'}
      </p>
    </form>
  );
}
