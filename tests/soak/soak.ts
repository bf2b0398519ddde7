/**
 * The soak: requests of every kind on real sockets for minutes, counted by the client and by the app itself, and compared
 * with what the library says in the end.
 *
 * @module
 */

import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { type DemoRuntime, startDemo } from "../support/server.ts";
import { Client, type Seen } from "./client.ts";
import { type DoorName, kindsOf } from "./kinds.ts";
import type { Report } from "./server.ts";

/** How a soak went. */
export interface SoakResult {
  runtime: DemoRuntime;
  seconds: number;
  requests: number;
  /** Kinds of request, over all doors. */
  kinds: number;
  doors: string[];
  /** The heap after each collection, in bytes. */
  heap: number[];
  /** How the heap grew in the second half, in bytes for each request. */
  heapSlope: number;
  /** Everything that is wrong; nothing where all is well. */
  findings: string[];
}

/** How many clients one door has at once. */
const clientsPerDoor = 4;

/** How long requests may take to end once nobody sends any, in seconds. */
const settleSeconds = 20;

/**
 * The most that the heap may grow in the second half, in bytes for each request: one that stays takes a kilobyte and more,
 * one kind of fifty that stays takes 20.
 */
const mostHeapSlope = 20;

/**
 * What a runtime may still take for itself in the second half, in bytes, however few requests a busy machine has made of
 * it: code is compiled for minutes, some 1 MB in the first of them (Node 20.20).
 */
const runtimesOwnBytes = 3 * 2 ** 20;

/** Soaks one runtime for so long, and on a busy machine until there were so many requests. */
export async function soak(runtime: DemoRuntime, seconds: number, fewest = 0): Promise<SoakResult> {
  const server = await startDemo(runtime, {}, "tests/soak/server.ts");
  try {
    const ports = await control<Record<string, number>>(server.url, "/doors");
    const seen = new Map<string, Map<string, Seen>>();
    const heap: { requests: number; bytes: number }[] = [];
    const end = performance.now() + seconds * 1000;
    let requests = 0;
    const isOver = (): boolean => performance.now() >= end && requests >= fewest;
    const agents = new Map(Object.keys(ports).map((door) => [door, new Agent({ keepAlive: true })]));
    const drive = async (door: DoorName, first: number): Promise<void> => {
      const kinds = kindsOf(door);
      for (let i = first; !isOver(); i++) {
        const kind = kinds[i % kinds.length]!;
        const client = new Client(ports[door]!, kind, seen.get(door)!, agents.get(door)!);
        await kind.send(client);
        requests += client.requests;
      }
    };
    const watch = async (): Promise<void> => {
      while (!isOver()) {
        await delay(seconds * 1000 / 24);
        heap.push({ requests, bytes: (await control<Report>(server.url, "/report")).heapBytes });
      }
    };
    for (const door of Object.keys(ports)) seen.set(door, new Map());
    await Promise.all([
      watch(),
      ...Object.keys(ports).flatMap((door) =>
        Array.from({ length: clientsPerDoor }, (_, i) => drive(door as DoorName, i * 11))
      ),
    ]);
    for (const agent of agents.values()) agent.destroy();
    const last = await settled(server.url);
    const late = heap.slice(Math.floor(heap.length / 2));
    const heapSlope = slopeOf(late);
    const grown = heapSlope * (late.at(-1)!.requests - late[0]!.requests);
    const findings = [
      ...Object.entries(last.doors).flatMap(([door, told]) =>
        compare(told, seen.get(door)!).map((finding) => `${door}: ${finding}`)
      ),
      ...last.problems,
      ...(heapSlope > mostHeapSlope && grown > runtimesOwnBytes
        ? [`the heap grows by ${heapSlope.toFixed(1)} bytes for each request`]
        : []),
    ];
    return {
      runtime,
      seconds,
      requests,
      kinds: new Set(Object.keys(ports).flatMap((door) => kindsOf(door as DoorName).map(({ name }) => name))).size,
      doors: Object.keys(ports),
      heap: heap.map(({ bytes }) => bytes),
      heapSlope,
      findings,
    };
  } finally {
    await server.stop();
  }
}

async function control<Answer>(url: string, path: string): Promise<Answer> {
  return await (await fetch(url + path)).json() as Answer;
}

/** The report once nothing is in flight, or as it is when the time for that is up. */
async function settled(url: string): Promise<Report> {
  const end = performance.now() + settleSeconds * 1000;
  for (;;) {
    const report = await control<Report>(url, "/report");
    const isOver = Object.values(report.doors).every(({ inFlight }) => inFlight === 0);
    if (isOver || performance.now() > end) return report;
    await delay(100);
  }
}

/** Compares what the library counted at one door with what the client and the app did. */
function compare({ counted, inFlight, arrived }: Report["doors"][string], seen: ReadonlyMap<string, Seen>): string[] {
  const findings = inFlight === 0 ? [] : [`${inFlight} requests never ended`];
  const byKey = new Map<string, Record<string, number>>();
  for (const [labels, count] of Object.entries(counted)) {
    const [method, route, status] = labels.split(" ") as [string, string, string];
    const classes = byKey.get(`${method} ${route}`) ?? {};
    byKey.set(`${method} ${route}`, classes);
    classes[`${status[0]}xx`] = (classes[`${status[0]}xx`] ?? 0) + count;
  }
  for (const key of new Set([...byKey.keys(), ...seen.keys(), ...Object.keys(arrived)])) {
    const classes = byKey.get(key) ?? {};
    const { answered, left } = seen.get(key) ?? { answered: {}, left: 0 };
    const total = sum(classes);
    if (!key.endsWith(" none") && total !== (arrived[key] ?? 0)) {
      findings.push(`${key}: counted ${total}, and ${arrived[key] ?? 0} came to the app`);
    }
    for (const name of new Set([...Object.keys(classes), ...Object.keys(answered)])) {
      const [ours, theirs] = [classes[name] ?? 0, answered[name] ?? 0];
      if (ours < theirs || ours - theirs > left) {
        findings.push(`${key}: counted ${ours} of ${name}, and the client saw ${theirs} and left ${left}`);
      }
    }
  }
  return findings;
}

function sum(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((all, each) => all + each, 0);
}

/** The median of the slopes between all pairs: one late collection changes nothing. */
function slopeOf(points: readonly { requests: number; bytes: number }[]): number {
  const slopes = points.flatMap((a, i) =>
    points.slice(i + 1).filter((b) => b.requests > a.requests)
      .map((b) => (b.bytes - a.bytes) / (b.requests - a.requests))
  ).sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
}
