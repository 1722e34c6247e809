/** Copies a text. */
import { useState } from 'react';

interface CopyButtonProps {
  readonly label?: string;
  readonly read: () => string;
}

type CopyState = 'ready' | 'copied' | 'failed';

export function CopyButton({ label = 'Copy', read }: CopyButtonProps) {
  const [state, setState] = useState<CopyState>('ready');
  const copy = () => {
    // Without a secure context, as on another machine of the network over HTTP, there is no clipboard.
    const written = window.isSecureContext ? navigator.clipboard.writeText(read()) : Promise.reject(new Error());
    void written
      .then(
        () => setState('copied'),
        () => setState('failed'),
      )
      .then(() => setTimeout(() => setState('ready'), 2000));
  };
  return (
    <button type="button" className="quiet" onClick={copy}>
      <span aria-live="polite">{state === 'ready' ? label : OUTCOMES[state]}</span>
    </button>
  );
}

const OUTCOMES = { copied: 'Copied', failed: 'Not copied: the browser does not allow it' } as const;
