/** Runs `work` on every item, at most `width` of them at a time; the results are in the order of the items. */
export async function mapAtMost<T, R>(
  width: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item, index));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return [...results].sort(([left], [right]) => left - right).map(([, result]) => result);
}
