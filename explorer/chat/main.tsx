/** The entry of the chat page: an example of a frontend, which uses nothing but the public GraphQL API. */
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import './chat.css';
import { GraphQLClient } from './graphql-client.ts';

const root = document.querySelector('#root');
if (root) createRoot(root).render(<App client={new GraphQLClient()} />);
