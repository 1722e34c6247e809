/** The format of ids and cursors of the AIML API. Ids are validated before they become part of a path. */
export const isUpstreamId = (value: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(value);
