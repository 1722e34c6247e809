/** What the build puts in. */

interface Example {
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly description: string;
  readonly query: string;
  readonly variables: string;
}

declare const EXAMPLES: readonly Example[];
/** The names of the editor's worker scripts, which lie beside the script that starts them. */
declare const WORKER_FILES: { readonly editor: string; readonly json: string; readonly graphql: string };

declare module '*.css';
