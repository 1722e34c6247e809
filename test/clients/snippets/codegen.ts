// graphql-codegen: the configuration that docs/clients.md shows. A test runs the real command with it.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema.graphql', // from /graphql, it would not see which inputs take exactly one field
  documents: 'src/**/*.{ts,tsx}',
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        useTypeImports: true,
        scalars: {
          ID: 'string',
          DateTime: 'string',
          JSONObject: 'Record<string, unknown>',
          Metadata: 'Record<string, string>',
        },
      },
    },
    'src/possible-types.ts': { plugins: ['fragment-matcher'] },
  },
};

export default config;
