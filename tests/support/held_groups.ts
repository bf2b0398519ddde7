import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import process from "node:process";

const root = "/sys/fs/cgroup";

/** Control groups of a test's own. */
export interface HeldGroups extends Disposable {
  readonly version: 1 | 2;
  /** Whoever is to be held is put into each of them. */
  readonly folders: readonly string[];
  /** Where the kernel tells how much it has held them. */
  readonly cpuStat: string;
  /** Gives them so many cores. */
  limitCpu(cores: number): void;
  limitMemory(bytes: number): void;
}

/** Makes control groups, of the version that the machine has; throws where it may not. */
export function makeGroups(): HeldGroups {
  const name = `rtm-test-${process.pid}`;
  const two = existsSync(`${root}/cgroup.controllers`);
  const folders = two ? [`${root}/${name}`] : [`${root}/cpu/${name}`, `${root}/memory/${name}`];
  const made: string[] = [];
  const remove = (): void => {
    for (const folder of made.splice(0)) rmdirSync(folder);
  };
  try {
    if (two) writeFileSync(`${root}/cgroup.subtree_control`, "+cpu +memory");
    for (const folder of folders) {
      mkdirSync(folder);
      made.push(folder);
    }
  } catch (error) {
    remove();
    throw error;
  }
  const [cpu, memory] = [folders[0]!, folders.at(-1)!];
  return {
    version: two ? 2 : 1,
    folders,
    cpuStat: `${cpu}/cpu.stat`,
    limitCpu(cores) {
      if (two) writeFileSync(`${cpu}/cpu.max`, `${cores * 1e5} 100000`);
      else writeFileSync(`${cpu}/cpu.cfs_quota_us`, String(cores * 1e5));
    },
    limitMemory: (bytes) => writeFileSync(`${memory}/${two ? "memory.max" : "memory.limit_in_bytes"}`, String(bytes)),
    [Symbol.dispose]: remove,
  };
}

/** Why they cannot be made; false where they can. */
export function missingGroups(): string | false {
  try {
    makeGroups()[Symbol.dispose]();
    return false;
  } catch {
    return "control groups cannot be made here";
  }
}

/** What the kernel tells of a group's throttling, in either version. */
export function readThrottling(stat: string): { seconds: number; periods: number } {
  const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, "m").exec(stat)?.[1] ?? NaN);
  const micro = number("throttled_usec");
  return {
    seconds: Number.isNaN(micro) ? number("throttled_time") / 1e9 : micro / 1e6,
    periods: number("nr_throttled"),
  };
}

/** Reads it. */
export const readStat = (path: string): string => readFileSync(path, "utf8");
