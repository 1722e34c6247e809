/** What a follower of a run gets, in order. */
import type { WireMessage } from '../resources/message.ts';
import type { WireRunStep } from '../resources/run-step.ts';
import type { WireRun } from '../resources/run.ts';
import type { JsonObject } from '../wire.ts';

interface Base {
  /** Given as `after`, the events go on exactly behind this one. */
  readonly cursor: string;
  /** Upstream's name of the event; that of the newest where several came as one. */
  readonly event: string;
}

interface RunStateChange extends Base {
  readonly kind: 'run';
  readonly run: WireRun;
}
interface StepChange extends Base {
  readonly kind: 'step';
  readonly step: WireRunStep;
}
interface MessageStateChange extends Base {
  readonly kind: 'message';
  readonly message: WireMessage;
}
export interface MessageText extends Base {
  readonly kind: 'text';
  readonly messageId: string;
  /** The place of the text part in the content of the message. */
  readonly contentIndex: number;
  /** Where `text` begins in that part, in UTF-16 code units. */
  readonly offset: number;
  readonly text: string;
  /** The message as it is when this is called. It reads the whole text. */
  readonly message: () => WireMessage;
}
interface UnknownChange extends Base {
  readonly kind: 'unknown';
  readonly raw: JsonObject | null;
}
export type RunEvent = RunStateChange | StepChange | MessageStateChange | MessageText | UnknownChange;
