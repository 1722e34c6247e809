/**
 * Errors that the client of a mutation can fix, as data.
 *
 * Messages name the field and the limit. They never contain a value of the client or a key of a map.
 */
import { Field, ObjectType, registerEnumType } from 'type-graphql';

export const UserErrorCode = {
  BLANK: 'BLANK',
  TOO_LONG: 'TOO_LONG',
  TOO_MANY: 'TOO_MANY',
  OUT_OF_RANGE: 'OUT_OF_RANGE',
  INVALID: 'INVALID',
  NOT_FOUND: 'NOT_FOUND',
  REJECTED_BY_UPSTREAM: 'REJECTED_BY_UPSTREAM',
  THREAD_BUSY: 'THREAD_BUSY',
  WRONG_STATE: 'WRONG_STATE',
} as const;
export type UserErrorCode = keyof typeof UserErrorCode;

registerEnumType(UserErrorCode, {
  name: 'UserErrorCode',
  description: 'What is wrong with a value of the input.',
  valuesConfig: {
    BLANK: { description: 'The value is empty, or null if it must not be.' },
    TOO_LONG: { description: 'The text has too many characters, counted in Unicode code points.' },
    TOO_MANY: { description: 'The list or map has too many entries.' },
    OUT_OF_RANGE: { description: 'The number is not finite, too small or too large.' },
    INVALID: { description: 'The value does not have the required form, or conflicts with another value.' },
    NOT_FOUND: { description: 'Upstream has nothing with this id.' },
    REJECTED_BY_UPSTREAM: {
      description: 'The AIML API rejected the input (400 or 422). The message contains its reason, if it gave one.',
    },
    THREAD_BUSY: {
      description: 'The thread has a run in progress: wait for it, submit its tool outputs, or cancel it.',
    },
    WRONG_STATE: { description: 'The run is not in a state that allows this, for example it has ended.' },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    'An error that the client can fix: a bad value, or an id that does not exist. Every other error is a top-level error.',
})
export class UserError {
  @Field(() => String, { description: 'What is wrong, in one sentence for humans. It never quotes the input.' })
  readonly message: string;

  @Field(() => [String], {
    nullable: true,
    description:
      'The path from the argument to the invalid value, with list indexes as strings: ' +
      '`["input", "tools", "0", "function", "name"]`. Null if no single value is invalid.',
  })
  readonly field: readonly string[] | null;

  @Field(() => UserErrorCode, { description: 'What is wrong, for programs.' })
  readonly code: UserErrorCode;

  constructor(code: UserErrorCode, field: readonly string[] | null, message: string) {
    this.code = code;
    this.field = field;
    this.message = message;
  }
}
