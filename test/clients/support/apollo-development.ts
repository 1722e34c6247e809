// Apollo Client as a frontend has it while it is developed: with warnings, each of which fails a test. To be imported
// before the client is.
Object.assign(globalThis, { __DEV__: true });
