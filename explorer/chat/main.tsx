/** The entry of the chat page: an example of a frontend, which uses nothing but the public GraphQL API. */
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './chat.css';
import { GraphQLClient } from './graphql-client.ts';

/** Another credential may be another account: nothing of the one before stays in the page. */
function Page() {
  const [{ client, sequence }, setAccount] = useState({ client: new GraphQLClient(null), sequence: 0 });
  return (
    <App
      key={sequence}
      client={client}
      onCredential={(credential) => setAccount({ client: new GraphQLClient(credential), sequence: sequence + 1 })}
    />
  );
}

const root = document.querySelector('#root');
if (root) createRoot(root).render(<Page />);
