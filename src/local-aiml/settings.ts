/** Owns the settings of the stand-alone process: their names, defaults and what they may be. */
import { LocalAimlStartError } from './start-error.ts';

export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
}

/** Reads the settings. One that is empty is not set. Throws {@link LocalAimlStartError}, which shows no value. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const read = (name: string, byDefault: string) => (env[name] === '' ? byDefault : (env[name] ?? byDefault));
  return {
    port: readPort(read('PORT', '4000')),
    host: readHost(read('HOST', '127.0.0.1')),
    dataDir: read('DATA_DIR', '.data'),
  };
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535)
    throw new LocalAimlStartError('PORT has to be a whole number from 0 to 65535 (0 takes a free one).');
  return port;
}

function readHost(text: string): string {
  if (!/^[A-Za-z0-9.:%_-]{1,253}$/.test(text))
    throw new LocalAimlStartError('HOST has to be a host name or an address, without a scheme, a port or white space.');
  return text;
}
