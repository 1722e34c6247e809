/** GraphiQL for this service: its endpoint, its example operations, and no history, which would keep headers on disk. */
import './workers.ts';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';
import './app.css';
import { withCurrentOperation } from './current-operation.ts';
import { examplesPlugin } from './examples.tsx';

const OPEN_AT_FIRST = ['AssistantsForward', 'CreateAssistant'];
/** Where GraphiQL stores its tabs. */
const TABS_KEY = 'graphiql:tabState';

const url = new URL('graphql', document.baseURI);
const socketUrl = new URL(url);
socketUrl.protocol = url.protocol.replace('http', 'ws');
const fetcher = withCurrentOperation(createGraphiQLFetcher({ url: url.href, subscriptionUrl: socketUrl.href }));
const defaultTabs = EXAMPLES.filter(({ name }) => OPEN_AT_FIRST.includes(name));
const activeTab = storedActiveTab() ?? defaultTabs[0];

/**
 * The tab that was active on the last visit. GraphiQL stores all tabs, but shows the query and the variables of the active
 * one only if they were edited or are passed to it.
 */
function storedActiveTab(): { query: string | null; variables: string | null } | undefined {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem(TABS_KEY) ?? '{}') as StoredTabs;
    return tabs?.[activeTabIndex ?? 0];
  } catch {
    return undefined;
  }
}

interface StoredTabs {
  readonly tabs?: readonly { readonly query: string | null; readonly variables: string | null }[];
  readonly activeTabIndex?: number;
}

const root = document.querySelector('#root');
if (root)
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcher}
      plugins={[examplesPlugin]}
      visiblePlugin={examplesPlugin}
      defaultTabs={defaultTabs.map(({ query, variables }) => ({ query, variables }))}
      {...(typeof activeTab?.query === 'string' && { initialQuery: activeTab.query })}
      {...(typeof activeTab?.variables === 'string' && { initialVariables: activeTab.variables })}
      defaultEditorToolsVisibility="variables"
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <h1 className="service-name">
          <a href="./">Assistants</a>
        </h1>
      </GraphiQL.Logo>
    </GraphiQL>,
  );
