/** Whether a value is a request id that may be logged and shown: of a client, of upstream, or of a model API. */
export const isRequestId = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(value);
