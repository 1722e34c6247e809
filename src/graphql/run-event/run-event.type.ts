/** The events of a run, as they are read. */
import { Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { MessageText, RunEvent as WireRunEvent } from '../../aiml/runs/run-event.ts';
import type { JsonObject } from '../../aiml/wire.ts';
import { Message } from '../message/message.type.ts';
import { RunStep, toRunStep } from '../run-step/run-step.type.ts';
import { Run } from '../run/run.type.ts';
import { JSONObject } from '../schema/scalars.ts';

@InterfaceType({
  description:
    'One event of a run. An event that upstream may add arrives as UnknownRunEvent and ends nothing. Events come in ' +
    'order; several pieces of upstream may come as one event.',
})
export abstract class RunEvent {
  @Field(() => String, {
    description:
      'Give it as `after` to go on exactly behind this event. Opaque; it says how far the client has read, and is valid ' +
      "for as long as the run's messages exist.",
  })
  readonly cursor: string;

  @Field(() => String, {
    description:
      "Upstream's name of the event, for example `thread.run.completed`; that of the newest where several came as one.",
  })
  readonly event: string;

  protected constructor({ cursor, event }: Pick<WireRunEvent, 'cursor' | 'event'>) {
    this.cursor = cursor;
    this.event = event;
  }
}

type Kind<K extends WireRunEvent['kind']> = Extract<WireRunEvent, { readonly kind: K }>;

@ObjectType({
  implements: RunEvent,
  simpleResolvers: true,
  description:
    'The run as it is now: the first event of a stream, and each change of its state. The run is over where its ' +
    '`hasEnded` is true, and only there: a stream that ends without it was cut.',
})
export class RunStateEvent extends RunEvent {
  @Field(() => Run, { description: 'The run.' })
  readonly run: Run;

  constructor(change: Kind<'run'>) {
    super(change);
    this.run = new Run(change.run);
  }
}

@ObjectType({
  implements: RunEvent,
  simpleResolvers: true,
  description: 'A step as it is now: begun, its tool calls so far, ended.',
})
export class RunStepEvent extends RunEvent {
  @Field(() => RunStep, { description: 'The step.' })
  readonly step: RunStep;

  constructor(change: Kind<'step'>) {
    super(change);
    this.step = toRunStep(change.step);
  }
}

@ObjectType({
  implements: RunEvent,
  simpleResolvers: true,
  description: 'A message as it is now: begun, whole, or cut short.',
})
export class MessageStateEvent extends RunEvent {
  @Field(() => Message, { description: 'The message.' })
  readonly message: Message;

  constructor(change: Kind<'message'>) {
    super(change);
    this.message = new Message(change.message);
  }
}

@ObjectType({ implements: RunEvent, simpleResolvers: true, description: 'More text of a message.' })
export class MessageTextEvent extends RunEvent {
  @Field(() => ID, { description: 'The message.' })
  readonly messageId: string;

  @Field(() => Int, { description: "The place of the text part in the message's `content`." })
  readonly contentIndex: number;

  @Field(() => Int, {
    description:
      'Where `text` begins in that part, in UTF-16 code units: `have.slice(0, offset) + text` is right however often it ' +
      'is applied.',
  })
  readonly offset: number;

  @Field(() => String, { description: 'What is new.' })
  readonly text: string;

  readonly #readMessage: MessageText['message'];

  constructor(change: Kind<'text'>) {
    super(change);
    this.messageId = change.messageId;
    this.contentIndex = change.contentIndex;
    this.offset = change.offset;
    this.text = change.text;
    this.#readMessage = change.message;
  }

  /** Read only where it is selected, as it is the whole text. */
  @Field(() => Message, {
    name: 'message',
    description:
      'The message as it is now, for caches that know it by its id. It costs the whole text with every event: select it, ' +
      'or `offset` and `text`.',
  })
  get message(): Message {
    return new Message(this.#readMessage());
  }
}

@ObjectType({ implements: RunEvent, simpleResolvers: true, description: 'An event of a kind that is not known.' })
export class UnknownRunEvent extends RunEvent {
  @Field(() => JSONObject, { nullable: true, description: 'What came with the event. Null where nothing did.' })
  readonly raw: JsonObject | null;

  constructor(change: Kind<'unknown'>) {
    super(change);
    this.raw = change.raw;
  }
}

export function toRunEvent(change: WireRunEvent): RunEvent {
  switch (change.kind) {
    case 'run':
      return new RunStateEvent(change);
    case 'step':
      return new RunStepEvent(change);
    case 'message':
      return new MessageStateEvent(change);
    case 'text':
      return new MessageTextEvent(change);
    case 'unknown':
      return new UnknownRunEvent(change);
  }
}
