/**
 * What is said of stalls: who held the event loop, for how long, on the CPU or off it, and where in the code.
 *
 * @module
 */

import { type Finding, finding, type FindingSources, severityOf, windowSeconds } from "./finding.ts";
import { thresholds } from "./signals.ts";
import type { ShownStall } from "./stall_list.ts";
import { percent, time } from "./number_text.ts";

/** Finds who held the loop in the trailing minute, and whether the container let it. */
export function loopFindings({ history, stalls }: FindingSources): Finding[] {
  const groups = new Map<string, ShownStall[]>();
  for (const stall of stalls) {
    // Nobody is accused of what a process does to begin.
    if (stall.isStart && stall.kind === "unknown") continue;
    const key = JSON.stringify([stall.kind, stall.name, stall.isStart]);
    const group = groups.get(key);
    if (group) group.push(stall);
    else groups.set(key, [stall]);
  }
  const held = [...groups.values()]
    .map((group) => ({ group, sum: total(group, ({ seconds }) => seconds) }))
    .sort((a, b) => b.sum - a.sum)
    .flatMap(({ group, sum }) => {
      const longest = Math.max(...group.map(({ seconds }) => seconds));
      const isOften = sum > thresholds.held_warning * windowSeconds;
      const own = severityOf(longest, "lag") ?? (isOften ? "warning" : undefined);
      // The recorder's beginning is no incident, and would fail every check after a start.
      const severity = own && group[0]!.isStart ? "warning" : own;
      return severity ? [finding(severity, signalOf(group[0]!, longest, sum), sentence(group, sum))] : [];
    });
  const worst = held.find(({ severity }) => severity === "critical") ?? held[0];
  const throttled = history.sum("throttled", windowSeconds) ?? 0;
  const off = offCpuShare(stalls);
  if (!worst || off <= 0.5 || throttled <= thresholds.throttled_warning * windowSeconds) return held;
  return [
    ...held,
    finding(
      worst.severity,
      "throttled",
      `Stalls are ${percent(off)} off the CPU, and the container was throttled for ${
        time(throttled)
      } in the last minute`,
    ),
  ];
}

/** The alert that would name it: what somebody's code does to the loop is told by who it is. */
function signalOf({ kind }: ShownStall, longest: number, sum: number): "hang" | "held" | "lag" {
  if (longest > thresholds.hang_warning) return "hang";
  return (kind === "request" || kind === "task") && sum > thresholds.held_warning * windowSeconds ? "held" : "lag";
}

function sentence(group: readonly ShownStall[], sum: number): string {
  const times = group.length === 1 ? "" : ` in ${group.length} stalls`;
  const where = group.find(({ culprit }) => culprit)?.culprit;
  const off = offCpuShare(group);
  const state = Number.isNaN(off) ? "" : off > 0.5 ? ", off the CPU" : ", on the CPU";
  return `${whoHeld(group[0]!)} the loop for ${time(sum)} in the last minute${times}${state}${
    where === undefined ? "" : `, in ${where}`
  }`;
}

/** Says who, with the verb. */
function whoHeld({ kind, name, isStart }: ShownStall): string {
  if (isStart) return "The recorder of stalls, when it began, held";
  if (kind === "request") return `${name} held`;
  if (kind === "task") return `Task ${name} held`;
  if (kind === "scrape") return "The metrics' own pages held";
  if (kind === "metrics") return name === "" ? "The recorder of stalls held" : `${name}() of recordStalls() held`;
  if (kind === "gc") return "Collections of garbage held";
  if (kind === "host") return "The machine, which did not run this process, held";
  if (kind === "unknown") return "Something outside of requests and tracked work held";
  return `${kind} ${name} held`.replace("  ", " ");
}

/** Which part of the stalls' time the thread did not run; not a number where that is not told. */
function offCpuShare(stalls: readonly ShownStall[]): number {
  const told = stalls.filter(({ cpuSeconds }) => cpuSeconds !== undefined);
  const all = total(told, ({ seconds }) => seconds);
  return total(told, ({ seconds, cpuSeconds }) => Math.max(0, seconds - cpuSeconds!)) / all;
}

function total(stalls: readonly ShownStall[], number: (stall: ShownStall) => number): number {
  return stalls.reduce((sum, stall) => sum + number(stall), 0);
}
