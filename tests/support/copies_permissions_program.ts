// Two copies in one directory, with whatever permissions there are.

import process from "node:process";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

const [one] = [1, 2].map(() => {
  const monitor = createMonitor({ registry: new Registry() });
  joinCopies(monitor, { directory: process.argv[2]! });
  return monitor;
});
const page = await (await one!.handler()).text();
console.log(page.split("\n").find((line) => line.startsWith('runtime_copies{state="alive"}')));
process.exit(0);
