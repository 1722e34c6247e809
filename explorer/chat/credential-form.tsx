/** Asks for the credential that the service needs. It is held in memory and ends with the page. */
import { useState, type SubmitEvent } from 'react';

interface CredentialFormProps {
  /** Why the last one was rejected; null if none was given yet. */
  readonly rejection: string | null;
  readonly onSubmit: (credential: string) => void;
  /** Absent where there is nothing to go back to. */
  readonly onCancel?: () => void;
}

export function CredentialForm({ rejection, onSubmit, onCancel }: CredentialFormProps) {
  const [credential, setCredential] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (credential.trim() !== '') onSubmit(credential);
  };
  return (
    <form className="credential" onSubmit={submit}>
      <h2>{onCancel ? 'Change the key or token' : 'Sign in'}</h2>
      <p role="status">
        {rejection === null
          ? 'This service needs a key for the AIML API, or an access token.'
          : `It was not accepted: check that it is complete. ${rejection}`}
      </p>
      <label>
        Key or access token
        <input
          type="password"
          autoComplete="off"
          autoFocus
          value={credential}
          onChange={({ target }) => setCredential(target.value)}
        />
      </label>
      <p className="actions">
        <button type="submit" className="primary">
          Continue
        </button>
        {onCancel && (
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        )}
      </p>
      <p className="muted">It is kept in the memory of this page only, and sent to this service only.</p>
    </form>
  );
}
