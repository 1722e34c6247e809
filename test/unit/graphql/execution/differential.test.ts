// The executor against graphql-js on random operations: the same data, the same errors and the same calls. A failure
// reports its seed. DIFFERENTIAL_SEED repeats a run, DIFFERENTIAL_OPERATIONS sets its length.
import { describe, expect, test } from '@jest/globals';
import {
  execute,
  getNullableType,
  getOperationAST,
  GraphQLObjectType,
  GraphQLSchema,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type ExecutionResult,
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
const rules = [...specifiedRules, documentLimitsRule];

/** The same schema with nullable query fields, so that a failure of one does not end the others. */
const nullableSchema = toNullableSchema();

function toNullableSchema(): GraphQLSchema {
  const { query, types, ...config } = schema.toConfig();
  const { fields, ...queryConfig } = schema.getQueryType()?.toConfig() ?? { name: 'Query', fields: {} };
  const nullable = Object.entries(fields).map(([name, field]) => [
    name,
    { ...field, type: getNullableType(field.type) },
  ]);
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...queryConfig, fields: Object.fromEntries(nullable) as typeof fields }),
    types: types.filter((type) => type !== query),
  });
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
  const { errors: possibleErrors } = isMutation
    ? expected
    : await outcomeOf(async (contextValue) => execute({ ...args, schema: nullableSchema, contextValue }));
  // The second run uses the cached plan, and the third is of a caller without a credential.
  for (const keepsPlan of [true, true, false]) {
    const actual = await outcomeOf((context) => prepared?.run(variables, context, keepsPlan) ?? Promise.resolve({}));
    // An error of the service only: graphql-js has no such limit.
    if (actual.errors.some((error) => error.includes('The operation asks for more than'))) return undefined;
    const what = differing(actual, expected, possibleErrors, isMutation);
    if (what !== null)
      return `${what}\n${JSON.stringify({ query, variables, operationName })}\nexpected ${JSON.stringify(expected)}\nreceived ${JSON.stringify(actual)}`;
  }
  return null;
}

/** `possibleErrors`: a query without data may have any of these, depending on which happens first. */
function differing(
  actual: Outcome,
  expected: Outcome,
  possibleErrors: readonly string[],
  isMutation: boolean,
): string | null {
  if (actual.data !== expected.data) return 'other data';
  const isSame =
    expected.data === 'none' || (expected.data === 'null' && !isMutation)
      ? actual.errors.length > 0 && actual.errors.every((error) => possibleErrors.includes(error))
      : JSON.stringify(actual.errors) === JSON.stringify(expected.errors);
  if (!isSame) return 'other errors';
  // Identical reads of two fields of a query share a call.
  const callsOf = ({ calls }: Outcome): string => JSON.stringify(isMutation ? calls : [...new Set(calls)].toSorted());
  return callsOf(actual) === callsOf(expected) ? null : 'other calls';
}

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
