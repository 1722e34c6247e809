/** One conversation on the screen. */
import { Announcer } from './announcer.tsx';
import { AssistantDetails, nameOf, type Assistant } from './assistant-details.tsx';
import { Composer, focusComposer } from './composer.tsx';
import { MessageList } from './message-list.tsx';
import { RunDetails } from './run-details.tsx';
import { RunNotice } from './run-notice.tsx';
import { ToolCalls } from './tool-calls.tsx';
import type { ConversationState } from './use-conversation.ts';
import { useScroll } from './use-scroll.ts';

interface ConversationViewProps {
  readonly state: ConversationState;
  /** Null if the conversation's assistant was deleted. */
  readonly assistant: Assistant | null;
  /** Begins another conversation. */
  readonly onNew: () => void;
}

export function ConversationView({ state, assistant, onNew }: ConversationViewProps) {
  const { conversation, outgoing, isLoading, problem, send } = state;
  const { messages, run, earlierCursor } = conversation;
  const isRunning = run !== null && !run.hasEnded;
  const isSending = outgoing !== null && outgoing.problem === null;
  const isReadOnly = assistant === null && !isLoading && problem === null && messages.length > 0;
  const isEmpty = messages.length === 0 && outgoing === null && !isLoading && problem === null;
  const { list, isAtEnd, onScroll, toEnd } = useScroll(conversation, isSending);
  return (
    <>
      {assistant && <AssistantDetails assistant={assistant} />}
      <div className="scroll" ref={list} role="region" aria-label="Conversation" tabIndex={0} onScroll={onScroll}>
        {isEmpty && (
          <div className="welcome">
            {assistant ? <Welcome assistant={assistant} onSend={send} /> : <p>Choose an assistant.</p>}
          </div>
        )}
        {isLoading && <p className="muted center loading">Loading …</p>}
        {earlierCursor !== null && (
          <p className="center">
            <button type="button" aria-disabled={state.isLoadingEarlier} onClick={state.loadEarlier}>
              {state.isLoadingEarlier ? 'Loading …' : 'Earlier messages'}
            </button>
          </p>
        )}
        <MessageList
          messages={messages}
          noticedRunId={run?.hasEnded === true ? run.id : null}
          assistantName={assistant ? nameOf(assistant) : 'Assistant'}
          readRun={state.readRun}
        />
        <OutgoingMessage state={state} canSendAgain={assistant !== null} />
        {isAwaited(state) && (
          <Awaited name={assistant ? nameOf(assistant) : 'Assistant'} isQueued={run?.status === 'QUEUED'} />
        )}
        <RunState state={state} />
        {isReadOnly && (
          <p className="note center">
            The assistant of this conversation does not exist any more.{' '}
            <button type="button" onClick={onNew}>
              New conversation
            </button>
          </p>
        )}
        {problem !== null && (
          <p className="note center" role="alert">
            {problem}{' '}
            <button type="button" onClick={state.reload}>
              Try again
            </button>{' '}
            {assistant === null && (
              <button type="button" onClick={onNew}>
                New conversation
              </button>
            )}
          </p>
        )}
      </div>
      <Announcer messages={messages} run={run} />
      <div className="status">
        {!isAtEnd && (
          <button type="button" className="to-end" onClick={toEnd}>
            ↓ Newest
          </button>
        )}
        <p role="status" className={state.isReconnecting ? 'is-problem' : undefined}>
          {toStatus(state)}
        </p>
      </div>
      {assistant && (
        <Composer
          isBusy={isSending || isLoading}
          isRunning={isRunning}
          isStopping={run?.status === 'CANCELLING'}
          onSend={send}
          onStop={state.cancel}
        />
      )}
    </>
  );
}

interface StateProps {
  readonly state: ConversationState;
}

interface OutgoingMessageProps extends StateProps {
  readonly canSendAgain: boolean;
}

/** The message that is being sent, or that could not be sent. */
function OutgoingMessage({ state: { outgoing, sendAgain }, canSendAgain }: OutgoingMessageProps) {
  if (!outgoing) return null;
  return (
    <div className={outgoing.text === null ? 'message' : 'message from-user'} aria-busy={outgoing.problem === null}>
      {outgoing.text !== null && (
        <>
          <p className="author">You</p>
          <p className="plain">{outgoing.text}</p>
        </>
      )}
      {outgoing.problem !== null && (
        <p className="note" role="alert">
          Not sent: {outgoing.problem}{' '}
          {canSendAgain && (
            <button type="button" onClick={sendAgain}>
              Send again
            </button>
          )}
        </p>
      )}
    </div>
  );
}

/** Whether a response is expected of which nothing has arrived, or of which more may follow. */
function isAwaited({ conversation: { messages, run }, outgoing }: ConversationState): boolean {
  if (outgoing !== null) return outgoing.problem === null;
  return (run?.status === 'QUEUED' || run?.status === 'IN_PROGRESS') && messages.at(-1)?.status !== 'IN_PROGRESS';
}

/** Where the next words of the response will be. */
const Awaited = ({ name, isQueued }: { readonly name: string; readonly isQueued: boolean }) => (
  <div className="awaited">
    <p className="author">{name}</p>
    {isQueued ? 'Waiting for its turn …' : <span className="cursor" role="img" aria-label="is writing" />}
  </div>
);

/** What the newest run waits for, or how it ended. */
function RunState({ state: { conversation, outgoing, submitOutputs, retry, send, readRun } }: StateProps) {
  const { run, messages } = conversation;
  if (!run) return null;
  if (run.status === 'REQUIRES_ACTION')
    return <ToolCalls key={run.requiredToolCalls.map(({ id }) => id).join()} run={run} onSubmit={submitOutputs} />;
  if (!run.hasEnded || outgoing) return null;
  // The button that was pressed goes with the notice.
  const onRetry = () => {
    retry();
    focusComposer();
  };
  const onContinue = () => {
    send('Continue.');
    focusComposer();
  };
  return (
    <>
      <RunNotice run={run} onRetry={onRetry} onContinue={onContinue} />
      {/* A run without a message may have called tools all the same. */}
      {messages.every(({ runId }) => runId !== run.id) && (
        <div className="message-actions">
          <RunDetails key={run.id} runId={run.id} readRun={readRun} />
        </div>
      )}
    </>
  );
}

/** For everybody to see, and read out by screen readers. */
function toStatus({ isReconnecting, conversation: { run } }: ConversationState): string {
  if (isReconnecting) return 'The connection was lost. Connecting again …';
  if (run?.status === 'CANCELLING') return 'Stopping …';
  if (run?.status === 'REQUIRES_ACTION') return 'The assistant waits for the output of a function.';
  return '';
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
          <button
            key={text}
            type="button"
            onClick={() => {
              onSend(text);
              focusComposer();
            }}
          >
            {text}
          </button>
        ))}
      </p>
    </>
  );
}
