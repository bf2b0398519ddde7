/**
 * What Linux's /proc tells of the process.
 *
 * @module
 */

import { asked } from "./asked.ts";
import type { ProcessReading } from "../sample.ts";
import { builtin } from "./builtin_module.ts";
import type { ProcessLike } from "./shim.ts";

/** The calls of `node:fs` that are used. */
interface FsLike {
  readFileSync(path: string, encoding: "utf8"): string;
  readdirSync(path: string): readonly string[];
  statSync(path: string): { readonly size: number };
}

/** Takes the files of the system, in which Linux alone tells of the process. */
export function linuxFiles(process: ProcessLike): FsLike | undefined {
  return process.platform === "linux" ? builtin<FsLike>(process, "node:fs") : undefined;
}

/**
 * Makes a reader of Linux's /proc for the numbers that no runtime tells.
 *
 * @param mayRead Asked before each read; on Deno a read without permission could prompt.
 * @returns The reader; what cannot be read is absent from its answers.
 */
export function procReader(process: ProcessLike, mayRead: (path: string) => boolean): () => ProcessReading {
  const fs = linuxFiles(process);
  if (!fs) return () => ({});
  const virtualBytes = () => {
    // Field 23 of stat(5). The command's name may hold spaces and brackets, so counting begins behind the last bracket.
    const stat = fs.readFileSync("/proc/self/stat", "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ", 21)[20]);
  };
  // Linux 6.2 and newer tell the number of open descriptors as the folder's size, however many there are. Where the size
  // is 0 the folder is read, which opens one descriptor more that is not the app's.
  const openFds = () => fs.statSync("/proc/self/fd").size || fs.readdirSync("/proc/self/fd").length - 1;
  const maxFds = () => {
    const soft = /^Max open files\s+(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  };
  return () => {
    if (!mayRead("/proc/self/fd")) return {};
    return known({ virtualBytes: asked(virtualBytes), openFds: asked(openFds), maxFds: asked(maxFds) });
  };
}

/** Leaves out what is undefined or not a finite number. */
function known(reading: Record<string, number | undefined>): ProcessReading {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => Number.isFinite(value)));
}
