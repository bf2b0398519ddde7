/**
 * The libraries whose pools can be shown: the table of docs/pools.md, and what the tests of the adapters hold them to.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** A runtime that the tests run on. */
export type PoolRuntime = "node" | "deno" | "bun";

/** What one library's pools tell. */
export interface PoolLibrary {
  /** Its name on npm. */
  readonly library: string;
  /** The adapter, as an app calls it. */
  readonly adapter: string;
  /** Where it does not run, and why. */
  readonly absent?: Partial<Record<PoolRuntime, string>>;
  /** What it needs somewhere. */
  readonly needs?: Partial<Record<PoolRuntime, string>>;
  /** The numbers of its reading. */
  readonly shows: readonly ("capacity" | "active" | "queued" | "idle")[];
  /** Where waits and run times come from. */
  readonly times: string;
}

/** In the order of the table. */
export const poolLibraries: readonly PoolLibrary[] = [
  {
    library: "piscina",
    adapter: "piscinaPool(piscina)",
    shows: ["capacity", "active", "queued"],
    times: "not told: it keeps quantiles of all jobs, no job's own time",
  },
  {
    library: "tinypool",
    adapter: "tinypoolPool(tinypool)",
    needs: { deno: "with its `useAtomics: false`, else it loses jobs" },
    shows: ["capacity", "queued"],
    times: "not told",
  },
  {
    library: "workerpool",
    adapter: "workerpoolPool(pool)",
    absent: { bun: "its tasks never finish" },
    shows: ["capacity", "active", "queued"],
    times: "not told",
  },
  {
    library: "p-limit",
    adapter: "pLimitPool(limit)",
    shows: ["capacity", "active", "queued"],
    times: "of jobs wrapped in `pool.timed(job)`",
  },
  {
    library: "p-queue",
    adapter: "pQueuePool(queue)",
    shows: ["capacity", "active", "queued"],
    times: "of jobs wrapped in `pool.timed(job)`",
  },
  {
    library: "generic-pool",
    adapter: "genericPool(pool)",
    shows: ["capacity", "active", "queued", "idle"],
    times: "with `{ timed: true }`",
  },
  {
    library: "pg",
    adapter: "pgPool(pool)",
    shows: ["capacity", "active", "queued", "idle"],
    times: "run times by its events; waits with `{ timed: true }`",
  },
  {
    library: "mysql2",
    adapter: "mysqlPool(pool)",
    shows: ["capacity", "active", "queued", "idle"],
    times: "with `{ timed: true }`",
  },
  {
    library: "undici",
    adapter: "undiciPool(pool, { capacity })",
    absent: { bun: "it puts an undici of its own in its place, without `stats`" },
    shows: ["capacity", "active", "queued", "idle"],
    times: "not told",
  },
];

const titles = { node: "Node", deno: "Deno", bun: "Bun" } as const;

/**
 * Writes the table.
 *
 * @returns Markdown.
 */
export function renderPoolTable(): string {
  const { devDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  return [
    "| library | version tried | runtimes | adapter | shows | waits and run times |",
    "| --- | --- | --- | --- | --- | --- |",
    ...poolLibraries.map(({ library, adapter, absent = {}, needs = {}, shows, times }) => {
      const runtimes = (Object.keys(titles) as PoolRuntime[]).map((name) => {
        const reason = absent[name] ?? needs[name];
        return `${name in absent ? "not " : ""}${titles[name]}${reason === undefined ? "" : ` (${reason})`}`;
      });
      return `| ${library} | ${devDependencies[library]} | ${runtimes.join(", ")} | \`${adapter}\` | ${
        shows.join(", ")
      } | ${times} |`;
    }),
  ].join("\n");
}
