/** The events of a run, as they are read. */
import { Field, ID, Int, InterfaceType } from 'type-graphql';
import type { RunEvent as WireRunEvent } from '../../aiml/runs/run-event.ts';
import { Message } from '../message/message.type.ts';
import { RunStep, toRunStep } from '../run-step/run-step.type.ts';
import { Run } from '../run/run.type.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire } from '../schema/from-wire.ts';

@InterfaceType({
  description:
    'One event of a run. Events are in order; several events of upstream may be merged into one. An event that upstream ' +
    'adds later is an UnknownRunEvent, and the stream continues.',
})
export abstract class RunEvent<Wire extends WireRunEvent = WireRunEvent> extends FromWire<Wire> {
  @Field(() => String, {
    description:
      'Subscribe with it as `after` to continue with the next event. Opaque; valid for as long as the messages of the run ' +
      'exist.',
  })
  readonly cursor = this.wire.cursor;

  @Field(() => String, {
    description:
      "Upstream's name of the event, for example `thread.run.completed`. If several were merged, that of the newest.",
  })
  readonly event = this.wire.event;
}

type Kind<K extends WireRunEvent['kind']> = Extract<WireRunEvent, { readonly kind: K }>;

@SimpleObjectType(
  'The current state of the run: the first event of a stream, and each change of the state. The run has ended only if ' +
    '`hasEnded` is true: a stream that ends without such an event was cut.',
  RunEvent,
)
export class RunStateEvent extends RunEvent<Kind<'run'>> {
  @Field(() => Run, { description: 'The run.' })
  readonly run = new Run(this.wire.run);
}

@SimpleObjectType(
  'The current state of a step: when it starts, with each change of its tool calls, and when it ends.',
  RunEvent,
)
export class RunStepEvent extends RunEvent<Kind<'step'>> {
  @Field(() => RunStep, { description: 'The step.' })
  readonly step = toRunStep(this.wire.step);
}

@SimpleObjectType('The current state of a message: when it is created, completed or incomplete.', RunEvent)
export class MessageStateEvent extends RunEvent<Kind<'message'>> {
  @Field(() => Message, { description: 'The message.' })
  readonly message = new Message(this.wire.message);
}

@SimpleObjectType('New text of a message.', RunEvent)
export class MessageTextEvent extends RunEvent<Kind<'text'>> {
  @Field(() => ID, { description: 'The message.' })
  readonly messageId = this.wire.messageId;

  @Field(() => Int, { description: "The index of the text part in the message's `content`." })
  readonly contentIndex = this.wire.contentIndex;

  @Field(() => Int, {
    description:
      'The offset of `text` in that part, in UTF-16 code units. `known.slice(0, offset) + text` is correct even if an event ' +
      'is applied twice.',
  })
  readonly offset = this.wire.offset;

  @Field(() => String, { description: 'The new text.' })
  readonly text = this.wire.text;

  /** Created only if it is selected, because it has the whole text. */
  @Field(() => Message, {
    name: 'message',
    description:
      'The current state of the message, for normalized caches. It repeats the whole text with every event: select either ' +
      'this, or `offset` and `text`.',
  })
  get message(): Message {
    return new Message(this.wire.message());
  }
}

@SimpleObjectType('An event of a kind that this schema does not have.', RunEvent)
export class UnknownRunEvent extends RunEvent<Kind<'unknown'>> {
  @NullableField(() => JSONObject, 'The data of the event as upstream sent it. Null if it has none.')
  readonly raw = this.wire.raw;
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
