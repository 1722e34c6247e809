/**
 * The process of the service under `npm run dev`. It loads the packages, which do not change, and waits for a message before it
 * loads the service, so that a restart only has to load the files of this project.
 */
const [main, ...packages] = process.argv.slice(2);

await Promise.allSettled(packages.map((name) => import(name)));
process.argv.length = 2;
// Ends with `npm run dev`, however that ends.
process.once('disconnect', () => process.exit(0));
process.once('message', () => {
  process.channel?.unref();
  import(String(main)).catch((/** @type {unknown} */ error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
});
