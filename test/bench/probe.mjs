/** Loaded into a measured process before its program: answers each message with what the process has used. */
process.on("message", (message) => {
  // what the first collection frees of buffers is told of after the second
  for (let times = message === "collect" ? 2 : 0; times > 0; times--) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  process.send?.({ cpuS: (user + system) / 1e6, rss, heapUsed, arrayBuffers });
});
process.channel?.unref(); // no reason to stay alive
process.on("disconnect", () => process.kill(process.pid, "SIGTERM")); // whoever measures is gone
