/** Converts upstream's name of a parameter to the path of an input field. */
import { getNullableType, isInputObjectType, isListType, type GraphQLInputType } from 'graphql';

/** Reads `tools[0].function.name` and `tools.0.function.name` alike. No real index has more than five digits. */
const SEGMENT = /[A-Za-z_]+|\d{1,5}/g;

/**
 * The path below `root` that `param` names, as far as the input type has such fields. Null if the input type does not
 * have the first segment. The path stops at scalars, because the keys of a map are values of the client. An id of the
 * URL's path, such as `message_id`, is `id` in the input of that object.
 */
export function toInputPath(param: string, root: string, rootType: GraphQLInputType): readonly string[] | null {
  const path = [root];
  let type = getNullableType(rootType);
  for (const [segment] of param.matchAll(SEGMENT)) {
    if (isListType(type) && /^\d/.test(segment)) {
      path.push(segment);
      type = getNullableType(type.ofType);
      continue;
    }
    const name = segment.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const fields = isInputObjectType(type) ? type.getFields() : null;
    const field = fields?.[name] ?? (path.length === 1 && name.endsWith('Id') ? fields?.['id'] : undefined);
    if (!field) break;
    path.push(field.name);
    type = getNullableType(field.type);
  }
  return path.length > 1 ? path : null;
}
