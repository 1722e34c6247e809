/**
 * Preloaded into every child: answers each message of the bench with what the process has used so far, and ends the
 * process with the bench, even where the bench ends badly.
 */

/** Since the process began, by the operating system's count. */
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
