// Enables the development warnings of Apollo Client, each of which fails a test. Import this before the client.
Object.assign(globalThis, { __DEV__: true });
