/** Owns the commands by which a message steers the built-in model. */

export const HELP = `I am the built-in model. I am no AI: I follow fixed rules, so that a chat screen can be built and tested.
Plain text is repeated. A message that names a function of the assistant calls it, with values from a JSON object in the message. Lines that begin with a slash steer me:
/words 500 – write that many words
/slow 200 – take that many milliseconds for a word
/vary – write another text each time
/tool NAME {"a": 1} – call a function
/tools NAME NAME – call several functions at once
/fail rate_limit_exceeded – fail; also server_error or invalid_prompt; with "after 10", behind that many words
/refuse – decline
/incomplete – stop before the end, as at a token limit; "/incomplete content_filter" as a filter does
/hang – write nothing until the run is cancelled or expires; with "after 10", behind that many words
/help – show this`;

export interface Commands {
  readonly words?: number;
  readonly delayMs?: number;
  readonly isVarying?: boolean;
  readonly calls?: readonly { readonly name: string; readonly argumentsText: string | undefined }[];
  readonly failure?: { readonly code: FailureCode; readonly afterWords: number };
  readonly isRefusing?: boolean;
  readonly cut?: 'length' | 'content_filter';
  readonly hangAfterWords?: number;
  readonly isHelp?: boolean;
}

const FAILURE_CODES = ['server_error', 'rate_limit_exceeded', 'invalid_prompt'] as const;
type FailureCode = (typeof FAILURE_CODES)[number];

const MAX_WORDS = 50_000;
const MAX_DELAY_MS = 60_000;
const MAX_CALLS = 32;

/** The commands of a message, and its other lines. A line with an unknown command is one of the others. */
export function readCommands(message: string): { readonly commands: Commands; readonly text: string } {
  let commands: Commands = {};
  const lines = message.split('\n').filter((line) => {
    const command = readCommand(line.trim(), commands);
    commands = { ...commands, ...command };
    return command === undefined;
  });
  return { commands, text: lines.join('\n').trim() };
}

function readCommand(line: string, before: Commands): Commands | undefined {
  const [, name = '', rest = ''] = /^\/([a-z]+)(?:\s+(.*))?$/s.exec(line) ?? [];
  const count = /^\d{1,9}$/.test(rest) ? Number(rest) : undefined;
  switch (name) {
    case 'words':
      return count === undefined ? undefined : { words: Math.min(count, MAX_WORDS) };
    case 'slow':
      return count === undefined ? undefined : { delayMs: Math.min(count, MAX_DELAY_MS) };
    case 'vary':
      return rest === '' ? { isVarying: true } : undefined;
    case 'help':
      return rest === '' ? { isHelp: true } : undefined;
    case 'refuse':
      return rest === '' ? { isRefusing: true } : undefined;
    case 'tool':
      return readTool(rest, before);
    case 'tools':
      return readTools(rest, before);
    case 'fail':
      return readFail(rest);
    case 'incomplete':
      if (rest === '') return { cut: 'length' };
      return rest === 'content_filter' ? { cut: rest } : undefined;
    case 'hang': {
      const after = /^(?:after (\d{1,6}))?$/.exec(rest);
      return after ? { hangAfterWords: Number(after[1] ?? 0) } : undefined;
    }
    default:
      return undefined;
  }
}

function readTool(rest: string, { calls = [] }: Commands): Commands | undefined {
  const [, name, argumentsText] = /^([A-Za-z0-9_-]{1,64})(?:\s+(.*))?$/s.exec(rest) ?? [];
  if (name === undefined || calls.length >= MAX_CALLS) return undefined;
  return { calls: [...calls, { name, argumentsText }] };
}

function readTools(rest: string, { calls = [] }: Commands): Commands | undefined {
  const names = rest.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length === 0 || !names.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))) return undefined;
  return {
    calls: [...calls, ...names.map((name) => ({ name, argumentsText: undefined }))].slice(0, MAX_CALLS),
  };
}

function readFail(rest: string): Commands | undefined {
  const [, named = 'server_error', after = '0'] = /^(?:([a-z_]+))?(?:\s*after (\d{1,6}))?$/.exec(rest) ?? ['', ''];
  const code = FAILURE_CODES.find((known) => known === named);
  return code === undefined ? undefined : { failure: { code, afterWords: Number(after) } };
}
