// A thread that joins the other copies of its process, and does nothing else.

// Node's threads do not take `--import tsx` over for their first file.
if (!("Deno" in globalThis) && !("Bun" in globalThis)) (await import("tsx/esm/api")).register();
const { createMonitor } = await import("@rtm/runtime-metrics");
const { joinCopies } = await import("@rtm/runtime-metrics/copies");
joinCopies(createMonitor());
console.log("the worker has joined");
