/** Ids and cursors of the AIML API. They go into paths, so anything else never reaches the network. */
export const isUpstreamId = (value: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(value);
