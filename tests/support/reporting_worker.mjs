// A thread that reports, and does nothing else.
import { parentPort } from "node:worker_threads";

// Node's threads do not take `--import tsx` over for their first file.
if (!("Deno" in globalThis) && !("Bun" in globalThis)) (await import("tsx/esm/api")).register();
const { reportTo } = await import("@rtm/runtime-metrics/worker");
reportTo(parentPort);
console.log("the worker reports");
