// What a user does with a component, and sees of it.
import './browser.ts';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { cleanUpLater } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';
import { document } from './browser.ts';

export interface Screen {
  /** The texts of all elements that a CSS selector matches, in order. */
  texts(selector: string): string[];
  /** Waits for a button with this text, and clicks on it. */
  click(text: string): Promise<void>;
  /** Fills the form whose button has this text, and submits it. */
  submit(label: string, text: string): Promise<void>;
}

/** Renders a component. It is unmounted after the test. */
export function render(component: ReactNode): Screen {
  const container = document.createElement('div');
  document.body.append(container);
  const root = createRoot(container);
  cleanUpLater(() => {
    root.unmount();
    container.remove();
  });
  root.render(component);

  const button = (text: string) => [...container.querySelectorAll('button')].find((one) => one.textContent === text);
  const click = async (text: string) => {
    await until(() => button(text)?.disabled === false);
    button(text)?.click();
  };
  return {
    texts: (selector) => [...container.querySelectorAll(selector)].map(({ textContent }) => textContent),
    click,
    submit: async (label, text) => {
      await until(() => button(label)?.disabled === false);
      const area = button(label)?.closest('form')?.querySelector('textarea');
      if (!area) throw new Error(`no form has a button ${label}`);
      area.value = text;
      await click(label);
    },
  };
}
