/**
 * What the container allows this process and has taken from it: the kernel's control groups, version 1 and 2.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { defined } from "../metrics/defined.ts";
import type { ContainerReading } from "../sample.ts";
import { type ControlGroups, findControlGroups } from "./control_groups.ts";

/** Reads a file of /proc or /sys; throws where there is none, or where it may not be read. */
export type ReadFile = (path: string) => string;

/** At and above this, version 1 means "no limit": it keeps the largest number of whole pages. */
const unlimitedBytes = 2 ** 62;

export interface ContainerReader {
  /** Everything: it reads a dozen files. */
  read(): ContainerReading;
  /** For how long the container was given no CPU, as `read()` tells it too: it reads one file. */
  throttledSeconds(): number | undefined;
}

/**
 * Makes the reader of the group that this process is in.
 *
 * A group's ancestors hold it down as well. What is told of CPU and memory is told of the tightest of them, because a
 * share of a limit says something only of the group that has the limit.
 */
export function containerReader(readFile: ReadFile): ContainerReader | undefined {
  const read = (path: string): string | undefined => asked(() => readFile(path));
  const [groups, mounts] = [read("/proc/self/cgroup"), read("/proc/self/mountinfo")];
  if (groups === undefined || mounts === undefined) return undefined;
  const found = findControlGroups(groups, mounts);
  // Asked anew at each reading would cost two files more; a process is hardly ever moved to another group.
  let tightestCpu: string | undefined;
  const cpu = (): Told => {
    if (!found.cpu) return {};
    const { version, folders } = found.cpu;
    const { folder, limit } = tightest(folders, (each) => cpuLimit(version, each, read));
    tightestCpu = folder;
    return { cpuLimitCores: limit, ...cpuStat(folder, read) };
  };
  return {
    read: () => defined({ ...cpu(), ...memory(found, read), ...pressure(found, read) }),
    throttledSeconds: () => (tightestCpu === undefined ? cpu() : cpuStat(tightestCpu, read)).cpuThrottledSeconds,
  };
}

type Read = (path: string) => string | undefined;

/** A reading of which parts may be missing. */
type Told = { [Part in keyof ContainerReading]: ContainerReading[Part] | undefined };

function cpuLimit(version: 1 | 2, folder: string, read: Read): number | undefined {
  const [quota, period] = version === 2
    ? (read(`${folder}/cpu.max`) ?? "").trim().split(" ")
    : [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)];
  // "max" is no number, and version 1 writes -1.
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : undefined;
}

function cpuStat(folder: string, read: Read): Told {
  const stat = numbers(read(`${folder}/cpu.stat`));
  const micro = stat.get("throttled_usec"), nano = stat.get("throttled_time");
  return {
    cpuPeriods: stat.get("nr_periods"),
    cpuThrottledPeriods: stat.get("nr_throttled"),
    cpuThrottledSeconds: micro !== undefined ? micro / 1e6 : nano !== undefined ? nano / 1e9 : undefined,
  };
}

function memory({ memory }: ControlGroups, read: Read): Told {
  if (!memory) return {};
  const isTwo = memory.version === 2;
  const limitOf = (folder: string): number | undefined => {
    const bytes = number(read(`${folder}/${isTwo ? "memory.max" : "memory.limit_in_bytes"}`));
    return bytes !== undefined && bytes < unlimitedBytes ? bytes : undefined;
  };
  const { folder, limit } = tightest(memory.folders, limitOf);
  const used = number(read(`${folder}/${isTwo ? "memory.current" : "memory.usage_in_bytes"}`));
  const inactive = numbers(read(`${folder}/memory.stat`)).get(isTwo ? "inactive_file" : "total_inactive_file") ?? 0;
  const kills = numbers(read(`${memory.folders[0]}/${isTwo ? "memory.events" : "memory.oom_control"}`)).get("oom_kill");
  return {
    memoryLimitBytes: limit,
    // File pages that nobody has used for a while are given back at once, as `docker stats` and Kubernetes count it.
    memoryUsedBytes: used === undefined ? undefined : Math.max(0, used - inactive),
    oomKills: kills,
  };
}

/** The group's own; /proc/pressure tells of the whole machine. */
function pressure({ unified }: ControlGroups, read: Read): Told {
  if (!unified) return {};
  const told = ["cpu", "memory", "io"].flatMap((resource) =>
    [...(read(`${unified.folders[0]}/${resource}.pressure`) ?? "").matchAll(/^(some|full) .*total=(\d+)/gm)]
      .map(([, share, micros]) => ({ resource, share: share!, seconds: Number(micros) / 1e6 }))
  );
  return { pressure: told.length > 0 ? told : undefined };
}

/** The group with the lowest limit, the innermost of equals; the process' own where none has one. */
function tightest(
  folders: readonly string[],
  limitOf: (folder: string) => number | undefined,
): { folder: string; limit: number | undefined } {
  return folders
    .map((folder) => ({ folder, limit: limitOf(folder) }))
    .reduce((found, each) => (each.limit ?? Infinity) < (found.limit ?? Infinity) ? each : found);
}

/** A file of one number; there is none in "max", which is no limit. */
function number(text = ""): number | undefined {
  const value = Number.parseFloat(text);
  return value >= 0 ? value : undefined;
}

/** Lines of a name and a number. */
function numbers(text = ""): ReadonlyMap<string, number> {
  return new Map(Array.from(text.matchAll(/^(\S+) (\d+)$/gm), ([, name, value]) => [name!, Number(value)]));
}
