/** GraphiQL for this service: its endpoint, its example operations, and no history, which would keep headers on disk. */
import './workers.ts';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';
import './app.css';
import { examplesPlugin } from './examples.tsx';

const OPEN_AT_FIRST = ['AssistantsForward', 'CreateAssistant'];
/** Where GraphiQL keeps its tabs. */
const TABS_KEY = 'graphiql:tabState';

const fetcher = createGraphiQLFetcher({ url: new URL('graphql', document.baseURI).href });
const defaultTabs = EXAMPLES.filter(({ name }) => OPEN_AT_FIRST.includes(name));
// GraphiQL shows the variables of a default tab only once the tab was left and opened again, so those of the first one
// are handed over twice; after the first visit they would come on top of what it has kept.
const isFirstVisit = localStorage.getItem(TABS_KEY) === null;
const initialVariables = isFirstVisit ? defaultTabs[0]?.variables : undefined;

const root = document.querySelector('#root');
if (root)
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcher}
      plugins={[examplesPlugin]}
      visiblePlugin={examplesPlugin}
      defaultTabs={defaultTabs.map(({ query, variables }) => ({ query, variables }))}
      {...(initialVariables === undefined ? {} : { initialVariables })}
      defaultEditorToolsVisibility="variables"
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <a href="./" className="service-name">
          Assistants
        </a>
      </GraphiQL.Logo>
    </GraphiQL>,
  );
