import { readFileSync } from "node:fs";
import { detectRuntime } from "../../src/runtime/detect.ts";

/** The runtime that this test runs on. */
export const runtimeName: "node" | "deno" | "bun" = detectRuntime() as "node" | "deno" | "bun";

/** Its version as well, for figures that are to be quoted. */
export const runtimeTitle: string = `${runtimeName} ${versionOf(runtimeName)}`;

/** A clock in seconds. */
export const now = (): number => performance.now() / 1000;

export const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, seconds * 1000)));

/** For how long this thread has waited for a core in all, in seconds: what a busy machine does to the loop. Linux tells it. */
export function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[1]) / 1e9;
  } catch {
    return 0;
  }
}

/** A promise and what settles it: `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<Result>(): {
  promise: Promise<Result>;
  resolve: (result: Result) => void;
  reject: (error: Error) => void;
} {
  let [resolve, reject] = [(_result: Result) => {}, (_error: Error) => {}];
  const promise = new Promise<Result>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
}

/** A time in which the loop answered nothing, in seconds of {@linkcode now}. */
export interface Block {
  begin: number;
  end: number;
}

/** Holds the loop for so many seconds, and tells from when to when. */
export function block(seconds: number): Block {
  const begin = now();
  let end = begin;
  while (end - begin < seconds) end = now();
  return { begin, end };
}

/** Numbers from 0 to 1 that are the same on each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function versionOf(name: string): string {
  const { Deno, Bun, process } = globalThis as unknown as {
    Deno: { version: { deno: string } };
    Bun: { version: string };
    process: { versions: { node: string } };
  };
  if (name === "deno") return Deno.version.deno;
  return name === "bun" ? Bun.version : process.versions.node;
}
