/**
 * Compares two versions of the schema and classifies the changes. A breaking change must be acknowledged: by its text, with
 * the reason why it is acceptable for callers.
 */
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

interface Acknowledgement {
  /** The change in the words of graphql-inspector, as the check prints it. */
  readonly change: string;
  readonly reason: string;
}

export interface SchemaChange {
  readonly kind: 'breaking' | 'acknowledged' | 'dangerous' | 'safe';
  /** On one line. */
  readonly change: string;
  /** The reason of the acknowledgement, for an acknowledged change. */
  readonly reason?: string;
}

interface SchemaChanges {
  /** The most severe first. */
  readonly changes: readonly SchemaChange[];
  /** Acknowledgements of changes that are not breaking, or no longer. */
  readonly unused: readonly Acknowledgement[];
}

const KINDS = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
} as const;
const ORDER: readonly SchemaChange['kind'][] = ['breaking', 'acknowledged', 'dangerous', 'safe'];

/** Compares two SDL texts. Rejects if one of them is not valid. */
export async function compareSchemas(
  released: string,
  current: string,
  acknowledgements: readonly Acknowledgement[],
): Promise<SchemaChanges> {
  const unused = new Set(acknowledgements);
  const found = await diff(buildSchema(released), buildSchema(current));
  const changes = found.map(({ message, criticality }): SchemaChange => {
    const change = message.replace(/\s+/g, ' ');
    const kind = KINDS[criticality.level];
    if (kind !== 'breaking') return { kind, change };
    const acknowledgement = acknowledgements.find((one) => one.change === change);
    if (!acknowledgement) return { kind, change };
    unused.delete(acknowledgement);
    return { kind: 'acknowledged', change, reason: acknowledgement.reason };
  });
  return {
    changes: changes.sort((left, right) => ORDER.indexOf(left.kind) - ORDER.indexOf(right.kind)),
    unused: [...unused],
  };
}

/** Reads the list of acknowledgements. Throws an error that names the entry if it is not valid. */
export function parseAcknowledgements(json: string): Acknowledgement[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    throw new Error('it is not JSON');
  }
  if (!Array.isArray(list)) throw new Error('it must be a list');
  return list.map((entry: Partial<Record<keyof Acknowledgement, unknown>> | null, index) => {
    const { change, reason } = entry ?? {};
    if (isText(change) && isText(reason)) return { change, reason };
    throw new Error(`entry ${index + 1} must have a "change" and a "reason", both in words`);
  });
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
