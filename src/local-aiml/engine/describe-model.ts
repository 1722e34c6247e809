/** Owns the words in which the start line and the log name the model. */
import type { EngineSettings } from './engine.ts';

/** Completes a sentence such as "Runs are executed by …". It names no host, because it is in the log. */
export function describeModel({ modelApi }: Pick<EngineSettings, 'modelApi'>): string {
  return modelApi === null ? 'the built-in model, which is no AI' : 'the model API that the settings name';
}
