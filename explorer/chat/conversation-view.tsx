/** One conversation on the screen. */
import { useEffect, useRef } from 'react';
import { AssistantDetails, nameOf, type Assistant } from './assistant-details.tsx';
import { Composer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { RunNotice } from './run-notice.tsx';
import { ToolCalls } from './tool-calls.tsx';
import type { ConversationState } from './use-conversation.ts';

export interface ConversationViewProps {
  readonly state: ConversationState;
  /** Null if the conversation's assistant was deleted. */
  readonly assistant: Assistant | null;
}

export function ConversationView({ state, assistant }: ConversationViewProps) {
  const { conversation, outgoing, isLoading, isReconnecting, problem, send, sendAgain, cancel, submitOutputs, reload } =
    state;
  const { messages, run } = conversation;
  const isRunning = run !== null && !run.hasEnded;
  const waitsForOutputs = run?.status === 'REQUIRES_ACTION';
  const lastOwnText = messages.findLast(({ role }) => role === 'USER')?.text;
  const isEmpty = messages.length === 0 && outgoing === null && !isLoading && problem === null;
  const end = useEndOfList(messages.length, messages.at(-1)?.text.length, run?.status, outgoing);
  return (
    <>
      {assistant && <AssistantDetails assistant={assistant} />}
      <div className="scroll" role="log" aria-label="Conversation" aria-busy={isRunning} tabIndex={0}>
        {isEmpty && (
          <div className="welcome">
            {assistant ? <Welcome assistant={assistant} onSend={send} /> : <p>Choose an assistant.</p>}
          </div>
        )}
        {isLoading && <p className="muted center">Loading …</p>}
        {conversation.hasOlderMessages && <p className="muted center">Older messages are not shown.</p>}
        <MessageList messages={messages} assistantName={assistant ? nameOf(assistant) : 'Assistant'} />
        {outgoing && (
          <div className="message from-user" aria-busy={outgoing.problem === null}>
            <p className="plain">{outgoing.text}</p>
            {outgoing.problem !== null && (
              <p className="note" role="alert">
                Not sent: {outgoing.problem}{' '}
                <button type="button" onClick={sendAgain}>
                  Send again
                </button>
              </p>
            )}
          </div>
        )}
        {run?.status === 'QUEUED' && <p className="muted center">Waiting for its turn …</p>}
        {waitsForOutputs && (
          <ToolCalls key={run.requiredToolCalls.map(({ id }) => id).join()} run={run} onSubmit={submitOutputs} />
        )}
        {run && !isRunning && !outgoing && (
          <RunNotice
            run={run}
            onRetry={() => lastOwnText !== undefined && send(lastOwnText)}
            onContinue={() => send('Continue.')}
          />
        )}
        {problem !== null && (
          <p className="note center" role="alert">
            {problem}{' '}
            <button type="button" onClick={reload}>
              Try again
            </button>
          </p>
        )}
        <div ref={end} />
      </div>
      <p className="status" role="status">
        {isReconnecting ? 'The connection was lost. Connecting again …' : ''}
      </p>
      {assistant && (
        <Composer
          isBusy={(outgoing !== null && outgoing.problem === null) || isLoading}
          isRunning={isRunning}
          onSend={send}
          onStop={cancel}
        />
      )}
    </>
  );
}

interface WelcomeProps {
  readonly assistant: Assistant;
  readonly onSend: (text: string) => void;
}

function Welcome({ assistant, onSend }: WelcomeProps) {
  const functions = assistant.tools.flatMap((tool) => (tool.__typename === 'FunctionTool' ? [tool.name] : []));
  return (
    <>
      <h2>{nameOf(assistant)}</h2>
      <p className="muted">{assistant.description ?? 'Send a message to start a conversation.'}</p>
      <p>
        {['What can you do?', ...functions.slice(0, 2).map((name) => `Call ${name}`)].map((text) => (
          <button key={text} type="button" onClick={() => onSend(text)}>
            {text}
          </button>
        ))}
      </p>
    </>
  );
}

/** Keeps the end of the list in sight while the reader is there. */
function useEndOfList(...changes: readonly unknown[]) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const list = end.current?.parentElement;
    if (!list) return;
    const distance = list.scrollHeight - list.scrollTop - list.clientHeight;
    if (distance < 500) list.scrollTop = list.scrollHeight;
  }, changes);
  return end;
}
