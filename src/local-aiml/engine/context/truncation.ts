/** Owns which parts of a thread a model is shown where not all of it fits. Pure. */
import type { Run } from '../../runs/model.ts';
import type { ContextUnit } from './context-units.ts';

interface Truncated {
  /** Oldest first. */
  readonly units: readonly ContextUnit[];
  readonly tokens: number;
  /** Whether even what has to stay is more than fits. */
  readonly isOverLimit: boolean;
  /** Whether fewer units can be had by a lower limit. */
  readonly canShrink: boolean;
}

/**
 * `units` are oldest first; together they may have `maxTokens`. `last_messages` keeps the newest messages. If that is still
 * too much, the middle is dropped: what this run wrote, the newest message and the first message of the user stay.
 */
export function truncate(
  units: readonly ContextUnit[],
  strategy: Run['truncation_strategy'],
  maxTokens: number,
): Truncated {
  const candidates = strategy.type === 'last_messages' ? newest(units, strategy.last_messages ?? 1) : units;
  const isLast = candidates.findLastIndex((unit) => !unit.isOwn);
  const kept = new Set(candidates.filter((unit, index) => unit.isOwn || index === isLast));
  const sum = () => [...kept].reduce((total, unit) => total + unit.tokens, 0);
  const isOverLimit = sum() > maxTokens;
  const required = kept.size;
  let left = maxTokens - sum();
  const keep = (unit: ContextUnit): boolean => {
    if (kept.has(unit)) return true;
    if (unit.tokens > left) return false;
    kept.add(unit);
    left -= unit.tokens;
    return true;
  };
  const first = candidates.find((unit) => unit.isFromUser);
  if (first && strategy.type === 'auto') keep(first);
  for (const unit of candidates.toReversed()) if (!keep(unit)) break;
  return {
    units: candidates.filter((unit) => kept.has(unit)),
    tokens: sum(),
    isOverLimit,
    canShrink: kept.size > required,
  };
}

function newest(units: readonly ContextUnit[], count: number): readonly ContextUnit[] {
  let messages = 0;
  const start = units.findLastIndex((unit) => unit.kind === 'message' && !unit.isOwn && ++messages === count);
  return start === -1 ? units : units.slice(start);
}
