/** Embeds Apollo Sandbox in the landing page, as Apollo Server's own landing page does, if Apollo can be reached. */
import './landing.css';

/** The script that Apollo Server's landing page loads. A test compares it with the installed Apollo Server's. */
const SANDBOX_SCRIPT = 'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js';

/** How long the script may take before the page says that it does not arrive. */
const SCRIPT_TIMEOUT_MS = 8000;

declare global {
  interface Window {
    /** Set by {@link SANDBOX_SCRIPT}. */
    readonly EmbeddedSandbox?: new (options: Readonly<Record<string, unknown>>) => unknown;
  }
}

const endpoint = new URL('graphql', document.baseURI).href;
const shownEndpoint = document.querySelector('#endpoint');
if (shownEndpoint) shownEndpoint.textContent = endpoint;

void showServiceInfo();

const script = document.createElement('script');
script.src = SANDBOX_SCRIPT;
script.addEventListener('load', openSandbox);
script.addEventListener('error', () => {
  clearTimeout(timeout);
  showState('Not available: this browser does not reach the internet.');
});
document.head.append(script);
// A connection that hangs raises no event. If the script arrives later, Sandbox opens all the same.
const timeout = setTimeout(
  () => showState('Not available so far: Apollo’s server does not respond. GraphiQL needs no internet.'),
  SCRIPT_TIMEOUT_MS,
);

function showState(text: string): void {
  const state = document.querySelector('#sandbox-state');
  if (state) state.textContent = text;
}

/** Links the schema if clients may read it, and shows the notice of the service, for example that upstream has no assistants. */
async function showServiceInfo(): Promise<void> {
  const response = await fetch(document.baseURI, { headers: { accept: 'application/json' } });
  const { notice, schema } = (await response.json()) as { readonly notice?: string; readonly schema?: string };
  document.querySelector<HTMLElement>('#schema')?.toggleAttribute('hidden', schema === undefined);
  const element = document.querySelector<HTMLElement>('#notice');
  if (!element || notice === undefined) return;
  element.textContent = notice;
  element.hidden = false;
}

function openSandbox(): void {
  if (!window.EmbeddedSandbox) return;
  document.querySelector('#without-sandbox')?.remove();
  new window.EmbeddedSandbox({
    target: '#sandbox',
    initialEndpoint: endpoint,
    initialState: {},
    endpointIsEditable: false,
    hideCookieToggle: false,
    runTelemetry: false,
    // This page's policy forbids styles from scripts; its style sheet has them.
    allowDynamicStyles: false,
  });
}
