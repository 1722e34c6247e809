// The executor against graphql-js on random operations: the same data, the same errors and the same calls. A failure
// reports its seed. DIFFERENTIAL_SEED repeats a run, DIFFERENTIAL_OPERATIONS sets its length.
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  execute,
  getNullableType,
  getOperationAST,
  isIntrospectionType,
  isObjectType,
  lexicographicSortSchema,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { toPublicMessage } from '../../../../src/graphql/errors/public-message.ts';
import { Executor } from '../../../../src/graphql/execution/executor.ts';
import { documentLimitsRule } from '../../../../src/graphql/server/document-limits.ts';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';
import { amountOf } from '../../../support/slow.ts';
import { RandomOperations, type RandomOperation } from './random-operations.ts';
import { recordingContext } from './recording-context.ts';

const OPERATIONS = amountOf('DIFFERENTIAL_OPERATIONS', { fast: 200, slow: 10_000 });
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? Date.now() % 1_000_000);

const schema = buildServiceSchema({ federation: true });
const executor = new Executor(schema);
/** Writes every response in parts. */
const executorOfParts = new Executor(schema, 0);
const rules = [...specifiedRules, documentLimitsRule];

/** The same schema, but every field with a resolver is nullable: a failure of one does not hide that of another. */
const nullableSchema = toNullableSchema();

function toNullableSchema(): GraphQLSchema {
  // Copies every type. The order is that of the document.
  const copy = lexicographicSortSchema(schema);
  for (const type of Object.values(copy.getTypeMap()))
    if (isObjectType(type) && !isIntrospectionType(type))
      for (const field of Object.values(type.getFields())) if (field.resolve) field.type = getNullableType(field.type);
  return copy;
}

interface Outcome {
  /** JSON with the keys in their order. */
  readonly data: string;
  readonly errors: readonly string[];
  readonly calls: readonly string[];
}

async function outcomeOf(run: (context: object) => Promise<ExecutionResult>): Promise<Outcome> {
  const calls: string[] = [];
  const { data, errors = [] } = await run(recordingContext(calls));
  // Without data graphql-js responds before its other resolvers have called.
  await setImmediate();
  return {
    data: data === undefined ? 'none' : JSON.stringify(data),
    // Messages of graphql-js contain invalid values; clients get neither those messages nor the values.
    errors: errors
      .map((error) =>
        JSON.stringify([toPublicMessage(error, true)?.message ?? error.message, error.path, error.locations]),
      )
      .toSorted(),
    calls,
  };
}

/** Returns the difference, null if there is none, or undefined if the operation is invalid. */
async function difference({ query, variables, operationName }: RandomOperation): Promise<string | null | undefined> {
  const document = parse(query);
  const operation = getOperationAST(document, operationName);
  if (!operation || validate(schema, document, rules).length > 0) return undefined;
  const prepared = executor.prepare(document, operationName);
  const args = { document, variableValues: variables, operationName: operationName ?? null };
  const expected = await outcomeOf(async (contextValue) => execute({ ...args, schema, contextValue }));
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  const { errors: possibleErrors } = await outcomeOf(async (contextValue) =>
    execute({ ...args, schema: nullableSchema, contextValue }),
  );
  const inParts = executorOfParts.prepare(document, operationName);
  // The second run uses the cached plan, and the last is of a caller without a credential.
  for (const [executed, keepsPlan] of [
    [prepared, true],
    [prepared, true],
    [inParts, true],
    [prepared, false],
  ] as const) {
    const actual = await outcomeOf((context) => executed?.run(variables, context, keepsPlan) ?? Promise.resolve({}));
    // An error of the service only: graphql-js has no such limit.
    if (actual.errors.some((error) => error.includes('The operation asks for more than'))) return undefined;
    const what = differing(actual, expected, possibleErrors, isMutation);
    if (what !== null)
      return `${what}\n${JSON.stringify({ query, variables, operationName })}\nexpected ${JSON.stringify(expected)}\nreceived ${JSON.stringify(actual)}\npossible ${JSON.stringify(possibleErrors)}`;
  }
  return null;
}

/** The root fields that fail, as JSON. */
const rootsOf = (errors: readonly string[]): string =>
  JSON.stringify([...new Set(errors.map((error) => (JSON.parse(error) as [string, string[]?])[1]?.[0]))].toSorted());

/** `possibleErrors`: of several failures below an object that becomes null, those that come first are reported. */
function differing(
  actual: Outcome,
  expected: Outcome,
  possibleErrors: readonly string[],
  isMutation: boolean,
): string | null {
  if (actual.data !== expected.data) return 'other data';
  const arePossible = actual.errors.every((error) => expected.errors.includes(error) || possibleErrors.includes(error));
  const areComplete =
    expected.data === 'none' || (expected.data === 'null' && !isMutation)
      ? actual.errors.length > 0
      : rootsOf(actual.errors) === rootsOf(expected.errors);
  if (!arePossible || !areComplete) return 'other errors';
  if (writesOf(actual) !== writesOf(expected)) return 'other writes';
  // Identical reads of two fields of a query share a call.
  const [reads, expectedReads] = [readsOf(actual), readsOf(expected)];
  // After a failure graphql-js does not begin what is beside it.
  const isSuperset = [...expectedReads].every((call) => reads.has(call));
  return isSuperset && (expected.errors.length > 0 || reads.size === expectedReads.size) ? null : 'other reads';
}

const isRead = (call: string): boolean => /^\["(?:load|list)"/.test(call);
const writesOf = ({ calls }: Outcome): string => JSON.stringify(calls.filter((call) => !isRead(call)));
const readsOf = ({ calls }: Outcome): ReadonlySet<string> => new Set(calls.filter(isRead));

describe('random operations', () => {
  test(`of seed ${SEED} have the same results as with graphql-js`, async () => {
    const operations = new RandomOperations(schema, SEED);
    let compared = 0;
    for (let count = 0; count < OPERATIONS; count += 1) {
      const differs = await difference(operations.next());
      if (typeof differs === 'string') throw new Error(`seed ${SEED}, operation ${count}: ${differs}`);
      if (differs === null) compared += 1;
    }
    // Otherwise the generator makes too many invalid operations.
    expect(compared).toBeGreaterThan(OPERATIONS / 4);
  }, 600_000);
});
