// A browser's document for React, in a process that is otherwise Node: `fetch` and streams stay Node's. To be imported
// before react-dom is.
import { afterAll } from '@jest/globals';
import { Window } from 'happy-dom';

export const { window, document } = (() => {
  const browser = new Window({ url: 'http://127.0.0.1' });
  return { window: browser, document: browser.document };
})();

Object.assign(globalThis, { window, document, FormData: window.FormData, HTMLIFrameElement: window.HTMLIFrameElement });

// The timers of a page end with it. Relay keeps unused data for minutes by one.
const LONG_TIMER_MS = 60_000;
const { setTimeout } = globalThis;
Object.assign(globalThis, {
  setTimeout: (...[callback, ms, ...values]: Parameters<typeof setTimeout>) => {
    const timer = setTimeout(callback, ms, ...values);
    return ms !== undefined && ms >= LONG_TIMER_MS ? timer.unref() : timer;
  },
});

afterAll(() => window.happyDOM.close());
