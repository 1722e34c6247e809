/** The settings that every peer takes from its environment, and the headers that all of them send upstream. */

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} must be set`);
  return value;
};

/** Without a trailing slash. */
export const upstreamUrl = (): string => required('AIML_API_BASE_URL');

/** The default of the service. */
export const UPSTREAM_CONNECTIONS = 64;

export const upstreamHeaders = (): Record<string, string> => ({
  authorization: `Bearer ${required('AIML_API_KEY')}`,
  'openai-beta': 'assistants=v2',
  accept: 'application/json',
});
