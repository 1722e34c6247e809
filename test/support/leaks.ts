// Searches errors, responses and log entries for secrets.

export interface Secrets {
  readonly credential: string;
  /** The base URL of upstream; its host and its port are secret. */
  readonly upstream: URL;
  /** Distinctive texts of the test: bodies of upstream, values of clients. */
  readonly texts: readonly string[];
}

/** Log entries without the ids that mutations wrote, which the log contains on purpose. */
export const withoutWrittenIds = (entries: readonly object[]): object[] =>
  entries.map((entry) => ({ ...entry, writtenIds: undefined }));

/** The names of the secrets that occur in `outputs`. */
export function leaksIn(outputs: readonly (string | object)[], { credential, upstream, texts }: Secrets): string[] {
  const base64 = Buffer.from(credential).toString('base64');
  const needles: readonly (readonly [name: string, needle: string | RegExp])[] = [
    ['credential', credential],
    ['credential in base64', base64.replace(/=+$/, '')],
    ['credential in base64url', Buffer.from(credential).toString('base64url')],
    ['credential in a URL', encodeURIComponent(credential)],
    ['address of upstream', upstream.host],
    ...(upstream.port === ''
      ? [['host of upstream', upstream.hostname] as const]
      : [['port of upstream', new RegExp(`(?<![\\w.-])${upstream.port}(?![\\w.-])`)] as const]),
    ...texts.map((text) => [`"${text}"`, text] as const),
  ];
  const found = new Set<string>();
  for (const output of outputs) {
    const text = typeof output === 'string' ? output : JSON.stringify(output);
    for (const [name, needle] of needles)
      if (typeof needle === 'string' ? text.includes(needle) : needle.test(text)) found.add(name);
  }
  return [...found];
}
