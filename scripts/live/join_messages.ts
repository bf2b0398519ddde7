/**
 * What several copies tell now, as if it were one.
 *
 * @module
 */

import type { Message, PendingRow, PoolRow, RouteRow } from "../../src/live/message.ts";
import type { Finding } from "../../src/live/finding.ts";
import type { ShownStall } from "../../src/live/stall_list.ts";

/** The pool of the runtime's own threads, which all copies of a process share. */
const sharedPool = "runtime";

/** The most stalls that are shown. */
const mostStalls = 50;

/** What one copy told. */
export interface Told {
  readonly id: string;
  readonly name: string;
  readonly process: string;
  readonly message: Message;
}

/** A stall, and whose it is where there are several copies. */
export interface StallOfCopy extends ShownStall {
  readonly copy?: string;
  readonly copyId?: string;
}

/** A finding, and whose it is where there are several copies. */
export interface FindingOfCopy extends Finding {
  readonly copy?: string;
}

/** A route, and how many requests come to it. */
export interface RouteOfView extends RouteRow {
  /** Undefined where no time has passed yet. */
  readonly perSecond: number | undefined;
}

/** A message of one copy, or of several. */
export interface View extends Message {
  readonly routes: readonly RouteOfView[];
  readonly findings: readonly FindingOfCopy[];
  readonly stalls: readonly StallOfCopy[];
}

/** Joins messages; the first is of the copy that answers. */
export function joinMessages(copies: readonly [Told, ...Told[]]): View {
  const [{ message: own }] = copies;
  if (copies.length === 1) {
    const [{ id }] = copies;
    return { ...own, routes: rated(own), stalls: own.stalls.map((stall) => ({ ...stall, copyId: id })) };
  }
  const messages = copies.map(({ message }) => message);
  const ofEach = <Item, More>(list: (message: Message) => readonly Item[], more: (told: Told) => More) =>
    copies.flatMap((told) => list(told.message).map((item) => ({ ...item, ...more(told) })));
  return {
    ...own,
    now: Math.max(...messages.map(({ now }) => now)),
    rows: [],
    severity: Math.max(...messages.map(({ severity }) => severity)) as Message["severity"],
    findings: ofEach(({ findings }) => findings, ({ name }) => ({ copy: name }))
      .sort((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical")),
    stalls: ofEach(({ stalls }) => stalls, ({ id, name }) => ({ copy: name, copyId: id }))
      .sort((a, b) => b.beganAtUnixSeconds - a.beganAtUnixSeconds).slice(0, mostStalls),
    routes: joinRoutes(messages),
    pools: joinPools(copies),
    pending: joinPending(messages),
    inFlight: joinInFlight(messages),
    limits: { ...own.limits, heapBytes: undefined },
    // What one of them tells is not absent.
    absent: Object.fromEntries(
      Object.entries(own.absent).filter(([what]) => messages.every(({ absent }) => what in absent)),
    ),
  };
}

/** Each copy's requests came in the time that it has measured them, which is shorter of one that began later. */
function rated({ routes, routeSeconds }: Message): RouteOfView[] {
  return routes.map((row) => ({ ...row, perSecond: routeSeconds > 0 ? row.count / routeSeconds : undefined }));
}

function joinRoutes(messages: readonly Message[]): RouteOfView[] {
  const routes = new Map<string, RouteOfView>();
  const bounds = messages[0]!.durationBounds.join();
  for (const message of messages) {
    const isAlike = message.durationBounds.join() === bounds;
    for (const row of rated(message)) {
      const key = JSON.stringify([row.method, row.route]);
      const before = routes.get(key);
      const buckets = isAlike ? row.buckets : [];
      routes.set(
        key,
        before
          ? {
            ...before,
            total: before.total + row.total,
            count: before.count + row.count,
            errors: before.errors + row.errors,
            perSecond: sum(before.perSecond, row.perSecond),
            buckets: before.buckets.map((count, i) => count + (buckets[i] ?? 0)),
            spark: before.spark.map((count, i) => count + (row.spark[i] ?? 0)),
          }
          : { ...row, buckets },
      );
    }
  }
  return [...routes.values()].sort((a, b) => b.count - a.count || b.total - a.total);
}

function joinPools(copies: readonly Told[]): PoolRow[] {
  const pools = new Map<string, PoolRow>();
  const shared = new Set<string>();
  for (const { process, message } of copies) {
    for (const pool of message.pools) {
      if (pool.name === sharedPool) {
        if (shared.has(process)) continue;
        shared.add(process);
      }
      const before = pools.get(pool.name);
      pools.set(
        pool.name,
        before
          ? {
            ...before,
            active: sum(before.active, pool.active),
            queued: sum(before.queued, pool.queued),
            capacity: sum(before.capacity, pool.capacity),
            oldestWaitSeconds: most([before.oldestWaitSeconds, pool.oldestWaitSeconds]),
          } as PoolRow
          : pool,
      );
    }
  }
  return [...pools.values()];
}

function joinPending(messages: readonly Message[]): PendingRow[] {
  const kinds = new Map<string, PendingRow>();
  for (const { kind, count, oldestSeconds } of messages.flatMap(({ pending }) => pending)) {
    const before = kinds.get(kind) ?? { count: 0, oldestSeconds: 0 };
    kinds.set(kind, {
      kind,
      count: before.count + count,
      oldestSeconds: Math.max(before.oldestSeconds, oldestSeconds),
    });
  }
  return [...kinds.values()];
}

function joinInFlight(messages: readonly Message[]): Message["inFlight"] {
  const told = messages.flatMap(({ inFlight }) => inFlight ?? []);
  if (told.length === 0) return undefined;
  return {
    ages: told[0]!.ages.map((_, group) => told.reduce((all, { ages }) => all + ages[group]!, 0)),
    oldestSeconds: Math.max(...told.map(({ oldestSeconds }) => oldestSeconds)),
  };
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? a ?? b : a + b;
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const told = values.filter((value) => value !== undefined);
  return told.length > 0 ? Math.max(...told) : undefined;
}
