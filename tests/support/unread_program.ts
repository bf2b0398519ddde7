// Hangs several times beside a watchdog, and looks between two hangs whether a file can still be read.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createMonitor } from "@rtm/runtime-metrics";
import { watchdog } from "@rtm/runtime-metrics/stalls";
import { block, sleep } from "./loop.ts";

await watchdog(createMonitor(), { thresholdSeconds: 0.2 }).ready;
for (let i = 0; i < 4; i++) {
  block(0.5);
  await sleep(0.3);
  const read = readFile(fileURLToPath(import.meta.url)).then(() => "read");
  console.log(await Promise.race([read, sleep(5).then(() => "not read")]));
}
