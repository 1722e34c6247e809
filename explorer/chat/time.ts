/** Times for people, in their language and time zone. */

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Of today, the time is enough. */
export function toTimeText(iso: string): string {
  const date = new Date(iso);
  return (DAY.format(date) === DAY.format(new Date()) ? TIME : DAY_AND_TIME).format(date);
}

export const toDayAndTimeText = (iso: string): string => DAY_AND_TIME.format(new Date(iso));

export const toWholeTimeText = (iso: string): string => WHOLE.format(new Date(iso));
