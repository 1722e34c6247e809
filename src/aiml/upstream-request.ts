/** What one GraphQL request reads and writes upstream. Deadline, byte budget and calls in flight belong to it as a whole. */
import { Semaphore } from '../runtime/semaphore.ts';
import { ResourceLoader } from './resource-loader.ts';
import { Resource, type ResourceDefinition, type UpstreamAccess } from './resource.ts';
import {
  assistants,
  type WireAssistant,
  type WireAssistantCreateBody,
  type WireAssistantModifyBody,
} from './resources/assistant.ts';

/** How many calls of one request may be in flight at a time. */
const MAX_CALLS_IN_FLIGHT = 10;

/** A loader for each kind of object, made when it is first asked for. */
export class UpstreamRequest {
  readonly #access: UpstreamAccess;
  readonly #callsInFlight = new Semaphore(MAX_CALLS_IN_FLIGHT);
  #assistants: ResourceLoader<WireAssistant, WireAssistantCreateBody, WireAssistantModifyBody> | null = null;

  constructor(access: UpstreamAccess) {
    this.#access = access;
  }

  get assistants(): ResourceLoader<WireAssistant, WireAssistantCreateBody, WireAssistantModifyBody> {
    return (this.#assistants ??= this.#createLoader(assistants));
  }

  #createLoader<T extends { readonly id: string }, CreateBody, ModifyBody>(
    definition: ResourceDefinition<T, CreateBody, ModifyBody>,
    ...parents: readonly string[]
  ): ResourceLoader<T, CreateBody, ModifyBody> {
    return new ResourceLoader(new Resource(definition, this.#access, ...parents), this.#callsInFlight);
  }
}
