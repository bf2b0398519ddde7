// Works as hard as it may for some seconds, and takes 100 MiB; writes its page before and behind.

import { createMonitor } from "@rtm/runtime-metrics";
import { block, sleep } from "./loop.ts";

const monitor = createMonitor();
const page = async (): Promise<string> => await (await monitor.handler()).text();
const first = await page();
const taken = new Uint8Array(100 * 2 ** 20).fill(1);
for (let i = 0; i < 10; i++) {
  block(0.3);
  await sleep(0.001);
}
await sleep(0.5);
console.log(`${first}--- next page ---\n${await page()}`);
if (taken[5] !== 1) throw new Error("the memory is gone");
monitor.stop();
