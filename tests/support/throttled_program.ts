// Works as hard as it may for some seconds, and takes 100 MiB; writes its page each second, and in the end the kernel's own
// word on how much it was held, before the last page and behind it.

import { readFileSync } from "node:fs";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { readThrottling } from "./held_groups.ts";
import { block, now, sleep } from "./loop.ts";

const [cpuStat = "", seconds = "8", leastThrottled = "0"] = process.argv.slice(2);
const throttled = (): number => readThrottling(readFileSync(cpuStat, "utf8")).seconds;
const monitor = createMonitor();
const pages = [await (await monitor.handler()).text()];
const taken = new Uint8Array(100 * 2 ** 20).fill(1);
const begin = now();
// Beside others that are busy the kernel counts a third of what it counts on a quiet machine.
while (now() - begin < Number(seconds) || (throttled() < Number(leastThrottled) && now() - begin < 60)) {
  block(0.3);
  await sleep(0.001);
  if (now() - begin >= pages.length) pages.push(await (await monitor.handler()).text());
}
// A reading of the container's is kept for a second.
await sleep(1.5);
const before = readFileSync(cpuStat, "utf8");
pages.push(await (await monitor.handler()).text(), before, readFileSync(cpuStat, "utf8"));
console.log(pages.join("--- next page ---\n"));
if (taken[5] !== 1) throw new Error("the memory is gone");
monitor.stop();
