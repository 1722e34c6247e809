// Looks for what must never come out of the service: in errors, answers and log lines.

export interface Secrets {
  readonly credential: string;
  /** The base URL of upstream; its host and its port are secret. */
  readonly upstream: URL;
  /** Bodies of upstream, values of callers: any text of a test's own that is unmistakable. */
  readonly texts: readonly string[];
}

/** What of `secrets` is found in `outputs`, by name; empty where nothing is. */
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
