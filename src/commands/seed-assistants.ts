/** The assistants that `npm run seed` creates: one for each thing an assistant can do. */
export const seedAssistants = [
  {
    model: 'gpt-4o',
    name: 'Support triage',
    description: 'Sorts incoming tickets and opens the urgent ones.',
    instructions:
      'You read one support ticket at a time. Decide how urgent it is and which team should have it. ' +
      'Open a ticket with open_ticket only where a customer cannot work.',
    tools: [
      {
        function: {
          name: 'open_ticket',
          description: 'Opens a ticket in the tracker and returns its number.',
          parameters: {
            type: 'object',
            properties: {
              title: { type: 'string', maxLength: 120 },
              team: { type: 'string', enum: ['billing', 'platform', 'mobile'] },
              urgent: { type: 'boolean' },
            },
            required: ['title', 'team', 'urgent'],
            additionalProperties: false,
          },
          strict: true,
        },
      },
    ],
    temperature: 0.2,
    metadata: { seed: 'support-triage', team: 'support' },
  },
  {
    model: 'gpt-4o',
    name: 'Handbook',
    description: 'Answers from the company handbook, with the passage it relies on.',
    instructions: 'Answer from the attached handbook only. Quote the passage. Say so where the handbook is silent.',
    tools: [{ fileSearch: { maxNumResults: 8, rankingOptions: { ranker: 'auto', scoreThreshold: 0.4 } } }],
    toolResources: { fileSearch: { vectorStores: [{ metadata: { source: 'handbook' } }] } },
    temperature: 0,
    metadata: { seed: 'handbook', team: 'people' },
  },
  {
    model: 'gpt-4.1',
    name: 'Spreadsheet analyst',
    description: 'Computes with real code instead of guessing.',
    instructions:
      'Load the given tables, check them for gaps, then answer with numbers, units and a short method note.',
    tools: [{ codeInterpreter: true }],
    topP: 0.9,
    metadata: { seed: 'spreadsheet-analyst', team: 'finance' },
  },
  {
    model: 'gpt-4o-mini',
    name: 'Invoice reader',
    description: 'Turns the text of an invoice into a record.',
    instructions: 'Extract what the invoice says. Leave out what it does not say. Never guess an amount.',
    responseFormat: {
      jsonSchema: {
        name: 'invoice',
        schema: {
          type: 'object',
          properties: {
            number: { type: 'string' },
            total: { type: 'number' },
            currency: { type: 'string', minLength: 3, maxLength: 3 },
          },
          required: ['number', 'total', 'currency'],
          additionalProperties: false,
        },
        strict: true,
      },
    },
    temperature: 0,
    metadata: { seed: 'invoice-reader', team: 'finance' },
  },
  {
    model: 'o3-mini',
    name: 'Release planner',
    description: 'Thinks a release through before anyone merges.',
    instructions: 'Given a list of changes, find the order with the least risk and say what to watch after each step.',
    reasoningEffort: 'high',
    metadata: { seed: 'release-planner', team: 'platform' },
  },
] as const;

/** The conversations that `npm run seed` creates, each with one of the assistants above. */
export const seedConversations = [
  {
    seed: 'first-conversation',
    assistantSeed: 'support-triage',
    text: 'My invoice of last month has the wrong amount. What happens next?',
  },
  // Its run waits for the output of the function, for ten minutes unless RUN_EXPIRES_AFTER_SECONDS says otherwise.
  {
    seed: 'tool-call',
    assistantSeed: 'support-triage',
    text: 'None of us can log in. Please use open_ticket {"title":"Login fails","team":"platform","urgent":true}',
  },
] as const;
