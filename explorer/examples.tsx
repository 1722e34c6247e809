/** The pane of example operations. A click opens an example in a tab, with sample variables and the newest ids. */
import { useGraphiQL, useGraphiQLActions, type GraphiQLPlugin } from '@graphiql/react';
import { withNewestIds } from './newest-ids.ts';

const GROUPS = [
  { title: 'Queries', kind: 'query' },
  { title: 'Mutations', kind: 'mutation' },
  { title: 'Subscriptions', kind: 'subscription' },
] as const;

export const examplesPlugin: GraphiQLPlugin = { title: 'Examples', icon: ExamplesIcon, content: Examples };

function Examples() {
  const actions = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const headerEditor = useGraphiQL((state) => state.headerEditor);

  const open = async ({ query, variables: sample }: Example) => {
    const index = tabs.findIndex((tab) => tab.query === query);
    if (index !== -1) {
      actions.changeTab(index);
      return;
    }
    const variables = await withNewestIds(sample, headerEditor?.getValue() ?? '');
    actions.addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
  };

  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      {GROUPS.map(({ title, kind }) => ({ title, examples: EXAMPLES.filter((example) => example.kind === kind) }))
        .filter(({ examples }) => examples.length > 0)
        .map(({ title, examples }) => (
          <div key={title}>
            <h3>{title}</h3>
            <ul>
              {examples.map((example) => (
                <li key={example.name}>
                  <button type="button" onClick={() => void open(example)}>
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
