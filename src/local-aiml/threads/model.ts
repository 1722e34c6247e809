/** Owns the thread: how one is made from a create, and what a modify makes of it. Pure. */
import type { ToolResources } from '../tool-resources.ts';

/** As it is on the wire; the order of the members is the order in which they are sent. */
export interface Thread {
  readonly id: string;
  readonly object: 'thread';
  /** Unix time in seconds. */
  readonly created_at: number;
  readonly tool_resources: ToolResources;
  readonly metadata: Readonly<Record<string, string>>;
}
