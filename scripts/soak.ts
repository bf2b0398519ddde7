/**
 * Soaks the library: every kind of request on real sockets, on each runtime in turn.
 *
 *     tsx scripts/soak.ts [node|deno|bun ...] [--minutes 5]
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { soak } from "../tests/soak/soak.ts";

const runtimes = ["node", "deno", "bun"] as const;
const { values, positionals } = parseArgs({ allowPositionals: true, options: { minutes: { type: "string" } } });
const minutes = Number(values.minutes ?? 5);
if (!(minutes > 0)) throw new RangeError(`Cannot soak: minutes must be above 0, got ${values.minutes}`);
const unknown = positionals.find((name) => !runtimes.some((runtime) => runtime === name));
if (unknown) throw new RangeError(`Cannot soak: expected node, deno or bun, got ${unknown}`);

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
for (const runtime of runtimes) {
  if (positionals.length > 0 && !positionals.includes(runtime)) continue;
  const { requests, kinds, doors, heap, heapSlope, findings } = await soak(runtime, minutes * 60);
  console.log(`${runtime}: ${requests} requests of ${kinds} kinds to ${doors.join(", ")} in ${minutes} minutes`);
  console.log(
    `  heap ${megabytes(heap[0]!)} MiB, in the end ${megabytes(heap.at(-1)!)} MiB: ` +
      `${heapSlope.toFixed(1)} bytes for each request in the second half`,
  );
  for (const finding of findings) console.log(`  WRONG ${finding}`);
  if (findings.length > 0) process.exitCode = 1;
}
