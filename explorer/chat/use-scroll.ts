/** Where a conversation is scrolled to: it follows its end while the reader is there, and stays where the reader is. */
import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Conversation } from './conversation.ts';

export interface Scroll {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly onScroll: () => void;
  readonly toEnd: () => void;
}

/** A reader this close to the end is at the end. */
const TOLERANCE_PX = 80;

export function useScroll({ threadId, messages, earlierCursor }: Conversation, isSending: boolean): Scroll {
  const list = useRef<HTMLDivElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const last = useRef({ threadId, firstId: messages[0]?.id, length: messages.length, fromEnd: 0, isSending });

  const measure = useCallback(() => {
    const { current: element } = list;
    if (!element) return;
    last.current.fromEnd = element.scrollHeight - element.scrollTop;
    setIsAtEnd(last.current.fromEnd - element.clientHeight < TOLERANCE_PX);
  }, []);
  const toEnd = useCallback(() => {
    const { current: element } = list;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    measure();
  }, [measure]);

  useLayoutEffect(() => {
    const { current: element } = list;
    const { current: before } = last;
    if (!element) return;
    const firstId = messages[0]?.id;
    const isSameThread = before.threadId === threadId;
    const hasEarlier =
      isSameThread && before.length > 0 && before.length < messages.length && before.firstId !== firstId;
    const begins = !isSameThread || before.length === 0 || (isSending && !before.isSending);
    if (hasEarlier) {
      element.scrollTop = element.scrollHeight - before.fromEnd;
      // The button that was pressed is no longer there.
      if (earlierCursor === null) element.focus({ preventScroll: true });
    } else if (begins || isAtEnd) {
      element.scrollTop = element.scrollHeight;
    }
    last.current = { ...before, threadId, firstId, length: messages.length, isSending };
    measure();
  });

  return { list, isAtEnd, onScroll: measure, toEnd };
}
