/** What every peer is told by its environment, and what all of them send upstream. */

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} must be set`);
  return value;
};

/** Without a trailing slash. */
export const upstreamUrl = (): string => required('AIML_API_BASE_URL');

/** As many as the service has by default. */
export const UPSTREAM_CONNECTIONS = 64;

export const upstreamHeaders = (): Record<string, string> => ({
  authorization: `Bearer ${required('AIML_API_KEY')}`,
  'openai-beta': 'assistants=v2',
  accept: 'application/json',
});
