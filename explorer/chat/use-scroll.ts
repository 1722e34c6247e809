/** Where a conversation is scrolled to: it follows its end until the reader scrolls up, and again when they come back to it. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Conversation } from './conversation.ts';

export interface Scroll {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly onScroll: () => void;
  readonly toEnd: () => void;
}

/** A reader who comes this close to the end is at the end. */
const TOLERANCE_PX = 80;

export function useScroll({ threadId, messages, earlierCursor }: Conversation, isSending: boolean): Scroll {
  const list = useRef<HTMLDivElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const firstId = messages[0]?.id;
  const { length } = messages;
  const shown = useRef({ threadId, firstId, length, isSending });
  const position = useRef({ top: 0, height: 0, isAtEnd: true });

  const measure = useCallback(() => {
    const { current: element } = list;
    if (!element) return;
    const { scrollTop: top, scrollHeight: height } = element;
    const before = position.current;
    const fromEnd = height - top - element.clientHeight;
    // What becomes shorter is scrolled up as well, but not by the reader.
    const isScrolledUp = top < before.top - 1 && height >= before.height;
    const staysAtEnd = before.isAtEnd ? !isScrolledUp : top > before.top;
    position.current = { top, height, isAtEnd: fromEnd < 2 || (staysAtEnd && fromEnd < TOLERANCE_PX) };
    setIsAtEnd(position.current.isAtEnd);
  }, []);
  const toEnd = useCallback(() => {
    const { current: element } = list;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    measure();
  }, [measure]);

  useLayoutEffect(() => {
    const { current: element } = list;
    const { current: before } = shown;
    shown.current = { threadId, firstId, length, isSending };
    if (!element) return;
    const isSameThread = before.threadId === threadId;
    const hasEarlier = isSameThread && before.length > 0 && before.length < length && before.firstId !== firstId;
    const begins = !isSameThread || before.length === 0 || (isSending && !before.isSending);
    const { top, height } = position.current;
    if (hasEarlier) {
      element.scrollTop = element.scrollHeight - height + top;
      // The button that was pressed is no longer there.
      if (earlierCursor === null) element.focus({ preventScroll: true });
    } else if (begins || (position.current.isAtEnd && element.scrollTop >= top - 1)) {
      element.scrollTop = element.scrollHeight;
    }
    measure();
  });
  // The message box grows with its text, and the keyboard of a phone takes half of the window.
  useEffect(() => {
    const { current: element } = list;
    if (!element) return;
    const observer = new ResizeObserver(() => (position.current.isAtEnd ? toEnd() : measure()));
    observer.observe(element);
    return () => observer.disconnect();
  }, [measure, toEnd]);

  return { list, isAtEnd, onScroll: measure, toEnd };
}
