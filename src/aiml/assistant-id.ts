const ASSISTANT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Whether a caller's id or cursor may stand in a path of upstream: `asst_…` of today's backend and the UUIDs of the
 * older one pass; nothing that could reach another endpoint (`..`, a slash, an empty string) does.
 */
export const isAssistantId = (value: string): boolean => ASSISTANT_ID.test(value);
