/** Loaded into a measured process before its program: answers each message with what the process has used. */
process.on("message", (message) => {
  if (message === "collect") globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ cpuS: (user + system) / 1e6, rss, heapUsed });
});
process.channel?.unref(); // no reason to stay alive
process.on("disconnect", () => process.kill(process.pid, "SIGTERM")); // whoever measures is gone
