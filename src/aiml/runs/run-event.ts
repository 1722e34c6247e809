/** The events of a run, as its followers receive them. */
import type { WireMessage } from '../resources/message.ts';
import type { WireRunStep } from '../resources/run-step.ts';
import type { WireRun } from '../resources/run.ts';
import type { JsonObject } from '../wire.ts';

/** A change of state. `event` is upstream's name of the event. */
export type Transition =
  | { readonly kind: 'run'; readonly event: string; readonly run: WireRun }
  | { readonly kind: 'step'; readonly event: string; readonly step: WireRunStep }
  /** `isEnd`: whether the message is complete. */
  | { readonly kind: 'message'; readonly event: string; readonly message: WireMessage; readonly isEnd: boolean }
  /** An event of a kind that this client does not support. Null if its data is not a JSON object. */
  | { readonly kind: 'unknown'; readonly event: string; readonly raw: JsonObject | null };

/** New text of a message. It may combine several events of upstream. */
export interface MessageText {
  readonly kind: 'text';
  readonly event: string;
  readonly messageId: string;
  /** The index of the text part in the content of the message. */
  readonly contentIndex: number;
  /** Where `text` begins in that part, in UTF-16 code units. */
  readonly offset: number;
  readonly text: string;
  /** Returns the message as it is at the time of the call. It reads the whole text. */
  readonly message: () => WireMessage;
}

/** `cursor`: following the run after it continues with the next event. */
export type RunEvent = (Transition | MessageText) & { readonly cursor: string };
