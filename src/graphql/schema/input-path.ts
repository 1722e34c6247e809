/**
 * From upstream's name for a parameter to the path of a field of the input.
 */
import { getNullableType, isInputObjectType, isListType, type GraphQLInputType } from 'graphql';

/** `tools[0].function.name` and `tools.0.function.name` are the same place; no real position has more digits. */
const SEGMENT = /[A-Za-z_]+|\d{1,5}/g;

/**
 * The path below `root` that `param` names, as far as the input has such fields; null where not even its first segment
 * is one of them. The path stops at scalars: what a map holds are values of the caller, keys included.
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
    const field = isInputObjectType(type) ? type.getFields()[name] : undefined;
    if (!field) break;
    path.push(name);
    type = getNullableType(field.type);
  }
  return path.length > 1 ? path : null;
}
