// What a request costs that is measured in a copy that has joined, and in one that has not. Prints JSON.

import process from "node:process";
import { Registry } from "prom-client";
import { joinCopies } from "../../src/copies/mod.ts";
import { createMonitor } from "../../src/monitor/create_monitor.ts";

/** Microseconds of CPU time a request, and what joining adds to it: the median of the rounds' differences. */
export interface RequestCost {
  readonly alone: number;
  readonly joined: number;
  readonly above: number;
}

const [requests, rounds, warmup] = [3000, Number(process.argv[2] ?? 21), 5];

const contestants = [false, true].map((isJoined) => {
  const monitor = createMonitor({ registry: new Registry() });
  if (isJoined) joinCopies(monitor);
  const fetch = monitor.instrument((_request: Request) => new Response("hello"), { route: () => "/" });
  return async (): Promise<number> => {
    const begin = process.cpuUsage();
    for (let i = 0; i < requests; i++) await (await fetch(new Request("http://localhost/"))).text();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / requests;
  };
});

const costs: number[][] = [[], []];
for (let round = -warmup; round < rounds; round++) {
  const own: number[] = [];
  for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) own[i] = await contestants[i]!();
  if (round >= 0) { for (const i of [0, 1]) costs[i]!.push(own[i]!); }
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const [alone, joined] = costs as [number[], number[]];
console.log(JSON.stringify({
  alone: median(alone),
  joined: median(joined),
  above: median(alone.map((each, i) => joined[i]! - each)),
}));
process.exit(0);
