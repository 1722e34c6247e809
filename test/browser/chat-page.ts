// What a person does on the chat page, and what is found there.
import { createRequire } from 'node:module';
import type { Locator, Page, Request, Response, Route } from 'playwright-core';
import type { TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** The script of axe. */
export const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** What each test of the chat page has. */
export interface ChatTest {
  readonly chat: ChatPage;
  readonly page: Page;
  /** It is the test's own. */
  readonly service: TestService;
  /**
   * Creates an assistant, whose name is Helper, in the service `of`, and opens the page with it at `url`. Both are the test's own
   * service where they are left out. Returns the assistant's id.
   */
  readonly open: (url?: string, of?: TestService) => Promise<string>;
  /** The browser itself reports problems in its console where a test cuts connections. */
  readonly expectProblem: (pattern: RegExp) => void;
}

export class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/chat`);
    await this.message.waitFor();
  }

  get message(): Locator {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  get conversation(): Locator {
    return this.page.getByRole('region', { name: 'Conversation', exact: true });
  }

  get toolCalls(): Locator {
    return this.page.getByRole('form', { name: 'Tool calls' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Waits until the page takes the message, which it does not while a run is in progress. */
  async send(text: string): Promise<void> {
    await this.message.fill(text);
    await until(async () => {
      await this.message.press('Enter');
      // Without waiting for the text box: the response to the message may have removed it.
      return this.message.evaluateAll((boxes: { value: string }[]) => boxes.every(({ value }) => value === ''));
    });
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.conversation.getByText(text).last().waitFor();
  }

  get model(): Locator {
    return this.page.getByLabel('Model');
  }

  /**
   * Waits until the form of a new assistant has the first model of the service. Until the page has read the models, it has another
   * one, which it replaces: a user who types at this moment loses the selection.
   */
  async modelIsChosen(): Promise<void> {
    const models = this.page.locator('#models option');
    await until(async () => {
      const [first] = await models.evaluateAll((options: { value: string }[]) => options.map(({ value }) => value));
      return first !== undefined && (await this.model.inputValue()) === first;
    });
  }

  /** A notice about the run, for example that it failed. */
  notice(title: string): Locator {
    return this.page.getByRole('alert', { name: title });
  }

  /** Waits until no message is being sent and no run is in progress. */
  async hasEnded(): Promise<void> {
    await this.page.locator('body:not(:has([aria-busy="true"])) .composer button[type="submit"]').waitFor();
  }

  /** Returns a function that reads the text of every button that the page has shown since, also of those that it shows briefly. */
  async recordButtonTexts(): Promise<() => Promise<readonly string[]>> {
    await this.page.evaluate(`{
      const texts = (window.recordedTexts = []);
      const record = () => {
        for (const button of document.querySelectorAll('button')) texts.push(button.textContent);
      };
      new MutationObserver(record).observe(document.body, { childList: true, characterData: true, subtree: true });
    }`);
    return () => this.page.evaluate<readonly string[]>('window.recordedTexts');
  }

  /** The words of the last response. */
  async words(): Promise<readonly string[]> {
    return (await this.page.locator('.markdown').last().innerText()).trim().split(/\s+/);
  }

  /** Handles the next request of the operation in place of the service. */
  async intercept(operation: string, handle: (route: Route) => Promise<void>): Promise<void> {
    let isHandled = false;
    await this.page.route('**/graphql', async (route) => {
      if (isHandled || !isOperation(route.request(), operation)) return route.fallback();
      isHandled = true;
      return handle(route);
    });
  }

  /** Resolves when the head of the next response to the operation has arrived. */
  responseTo(operation: string): Promise<Response> {
    return this.page.waitForResponse((response) => isOperation(response.request(), operation));
  }

  /** The next request of the operation reaches the service, and the test changes the response. */
  async rewrite(operation: string, change: (text: string) => string): Promise<void> {
    await this.intercept(operation, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: change(await response.text()) });
    });
  }

  /** Every page from now on can be checked by {@link violations}; the page's own policy lets no other script in. */
  async loadAxe(): Promise<void> {
    await this.page.addInitScript({ path: AXE });
  }

  /** What axe finds. Also a page that is wider than its screen. */
  async violations(): Promise<readonly string[]> {
    const { violations } = await this.page.evaluate<AxeResult>('axe.run()');
    const isWide = await this.page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    return [
      ...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)),
      ...(isWide ? ['the page is wider than the screen'] : []),
    ];
  }
}

const isOperation = (request: Request, name: string): boolean =>
  new RegExp(`(?:query|mutation|subscription) ${name}\\b`).test(request.postData() ?? '');
