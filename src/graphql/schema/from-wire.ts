/** The base class of object types that are read from a response of the AIML API. */
import type { WireUnknown } from '../../aiml/wire.ts';

/** A field of the schema is declared together with its value on the wire: `readonly topP = this.wire.top_p`. */
export abstract class FromWire<Wire> {
  /** Declared, not defined: a definition in a base class of many shapes takes as long as all fields of a small object. */
  declare protected readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }
}

/** Upstream's name for the kind of an object, for example `file_search`; also of a kind that this service does not know. */
export const kindOf = (wire: { readonly type: string } | WireUnknown): string =>
  'raw' in wire ? wire.raw.type : wire.type;

/** Null if upstream does not have it. `id` has passed requireIds, or is one of upstream's. */
export async function loadObject<Wire, T>(
  loader: { load(id: string): Promise<Wire | null> },
  id: string,
  type: new (wire: Wire) => T,
): Promise<T | null> {
  const wire = await loader.load(id);
  return wire && new type(wire);
}
