/** Gives the editor its workers from this page's own origin. Imported before anything that loads the editor. */

const files: Readonly<Record<string, string>> = WORKER_FILES;

Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker: (_id: string, label: string): Worker =>
      new Worker(new URL(`./${files[label] ?? WORKER_FILES.editor}`, import.meta.url)),
  },
});
