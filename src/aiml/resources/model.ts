/** The models that upstream lists. */
import {
  optionalInteger,
  optionalObject,
  optionalString,
  readList,
  requireId,
  requireObject,
  type WireList,
} from '../wire.ts';

/** Reads AIML's form of a list of models, and OpenAI's. Throws {@link MalformedResponseError}. */
export const readModels = (value: unknown): WireList<WireModel> => readList(value, readModel);

export type WireModel = Readonly<ReturnType<typeof readModel>>;

function readModel(value: unknown) {
  const fields = requireObject(value, 'model');
  const info = optionalObject(fields, 'info') ?? {};
  return {
    id: requireId(fields),
    owner: optionalString(fields, 'owned_by') ?? optionalString(info, 'developer'),
    type: optionalString(fields, 'type'),
    context_length: optionalInteger(info, 'contextLength'),
  };
}
