/** The pane of example operations. A click opens an example in a tab, with sample variables and the newest ids. */
import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { isUnchanged, withNewestIds } from './newest-ids.ts';

/** In the order in which a client sends them. */
const CONVERSATION = ['CreateThreadAndRun', 'FollowRun', 'Thread', 'CreateRun'];
const isOfConversation = ({ name }: Example) => CONVERSATION.includes(name);

const GROUPS = [
  {
    title: 'A conversation, step by step',
    examples: EXAMPLES.filter(isOfConversation).sort(
      (one, other) => CONVERSATION.indexOf(one.name) - CONVERSATION.indexOf(other.name),
    ),
  },
  ...(['query', 'mutation', 'subscription'] as const).map((kind) => ({
    title: { query: 'Queries', mutation: 'Mutations', subscription: 'Subscriptions' }[kind],
    examples: EXAMPLES.filter((example) => example.kind === kind && !isOfConversation(example)),
  })),
];

export const examplesPlugin: GraphiQLPlugin = { title: 'Examples', icon: ExamplesIcon, content: Examples };

function Examples() {
  const actions = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const headerEditor = useGraphiQL((state) => state.headerEditor);

  // An example that is opened before the editors exist would be an empty tab.
  const isReady = queryEditor !== undefined && variableEditor !== undefined;

  const open = async (example: Example) => {
    const { query, variables: sample } = example;
    const index = tabs.findIndex((tab) => tab.query === query);
    const isEdited = index !== -1 && !isUnchanged(tabs[index]?.variables ?? null, sample);
    // What an id of an earlier visit names may have been deleted since.
    const variables = isEdited ? null : await withNewestIds(example, headerEditor?.getValue() ?? '');
    if (index === -1) {
      actions.addTab();
      queryEditor?.setValue(query);
    } else {
      actions.changeTab(index);
    }
    if (variables !== null) variableEditor?.setValue(variables);
  };

  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      {GROUPS.filter(({ examples }) => examples.length > 0).map(({ title, examples }) => (
        <div key={title}>
          <h3>{title}</h3>
          <ul>
            {examples.map((example) => (
              <li key={example.name}>
                <button type="button" disabled={!isReady} onClick={() => void open(example)}>
                  <strong>{example.name}</strong>
                  <span>{withCode(example.description)}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** Renders text between backticks as code. */
const withCode = (text: string) =>
  text.split('`').map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>));

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01" strokeLinecap="round" />
    </svg>
  );
}
