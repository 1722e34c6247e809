/** Owns what stands in for the engine until it is there: runs are queued, and expire. */
import { ApiError } from '../api/api-error.ts';
import type { EngineParts } from './engine.ts';

export function createIdleEngine(): EngineParts {
  const nothing = () => undefined;
  return {
    engine: {
      notify: nothing,
      cancel: nothing,
      ended: () => Promise.resolve(),
      seen: nothing,
      stop: () => Promise.resolve(),
    },
    streams: { open: () => Promise.reject(new ApiError(501, 'Streams are not there yet.')) },
    models: { list: () => Promise.resolve([]) },
  };
}
