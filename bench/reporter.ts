/**
 * Preloaded into every child. Replies to each message of the bench with the resources that the process has used so far.
 * Ends the process with the bench, even if the bench crashes.
 */

/** Since the process started, as counted by the operating system. */
export interface Usage {
  readonly cpuUs: number;
  readonly residentBytes: number;
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { cpuUs: user + system, residentBytes: process.memoryUsage.rss() };
  process.send?.(usage);
});
process.on('disconnect', () => process.exit());
process.channel?.unref();
