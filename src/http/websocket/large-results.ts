/**
 * Sends large results as the JSON that they are already. graphql-ws makes the text of a message from an object, which would be
 * parsed and written again, in one turn of the event loop. It gets a small object instead, in whose place the JSON is sent.
 */
import { randomUUID } from 'node:crypto';
import type { FormattedExecutionResult } from 'graphql';

const PLACEHOLDER = `{"data":"${randomUUID()}"}`;
/** The results whose message was made and is about to be sent, which happens in the same step. */
const written: Buffer[] = [];

export const largeResults = {
  /** An operation's result with data. */
  create: (body: Buffer): FormattedExecutionResult => {
    const result: FormattedExecutionResult & { toJSON?: () => unknown } = { data: null };
    result.toJSON = () => {
      written.push(body);
      return JSON.parse(PLACEHOLDER) as unknown;
    };
    return result;
  },

  /** The message as it is sent. */
  fill: (text: string): string | Buffer => {
    const body = written.pop();
    if (!body) return text;
    written.length = 0;
    const [before = '', after = ''] = text.split(PLACEHOLDER);
    return Buffer.concat([Buffer.from(before), body, Buffer.from(after)]);
  },
};
