import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Page } from "./page.ts";
import { until } from "./until.ts";

/** One of the copies of a test's service. */
export interface TestCopy {
  pid: number;
  /** Where it alone answers. */
  port: number;
  isPrimary?: boolean;
  number?: number;
  thread?: number;
}

/** Reads the lines of JSON in which programs tell of their copies. */
export function copiesIn(output: string): TestCopy[] {
  return output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as TestCopy);
}

/** Waits until so many copies have told of themselves. */
export async function untilCopies(program: { readonly output: string }, count: number): Promise<TestCopy[]> {
  const end = performance.now() + 60_000;
  while (copiesIn(program.output).length < count) {
    if (performance.now() > end) throw new Error(`Cannot start copies: ${program.output}`);
    await delay(20);
  }
  return copiesIn(program.output);
}

/** One request, on a connection of its own. */
export async function get(port: number, path: string, timeoutSeconds = 20): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  return await response.text();
}

/** Sends requests one after the other until it is ended. */
export class Client {
  /** How many were answered. */
  answered = 0;
  readonly #done: Promise<void>;
  #isEnding = false;

  constructor(port: number) {
    this.#done = (async () => {
      while (!this.#isEnding) {
        await get(port, "/");
        this.answered++;
        // About what a page takes, so that some come while one is made.
        await delay(10);
      }
    })();
  }

  /** Ends it when its last request has been answered. */
  async end(): Promise<number> {
    this.#isEnding = true;
    await this.#done;
    return this.answered;
  }
}

/** Scrapes, and looks whether anything falls that may only rise. */
export class Watch {
  readonly falls: string[] = [];
  /** How many pages came, and how long the slowest of them took. */
  scrapes = 0;
  longestSeconds = 0;
  readonly #newest = new Map<string, number>();

  async scrape(port: number, query = "", timeoutSeconds?: number): Promise<Page> {
    const begin = performance.now();
    const page = new Page(await get(port, `/metrics${query}`, timeoutSeconds));
    this.scrapes++;
    this.longestSeconds = Math.max(this.longestSeconds, (performance.now() - begin) / 1000);
    for (const [series, value] of page.series) {
      const name = /^[^{]*/.exec(series)![0];
      const isSum = ["counter", "histogram", "summary"].some((type) =>
        page.types.get(name) === type || page.types.get(name.replace(/_(bucket|sum|count)$/, "")) === type
      );
      // What is told of each copy by itself goes with it.
      if (!isSum || series.includes('copy="')) continue;
      const before = this.#newest.get(series);
      if (before !== undefined && value < before) this.falls.push(`${series} fell from ${before} to ${value}`);
      this.#newest.set(series, value);
    }
    for (const series of this.#newest.keys()) if (!page.series.has(series)) this.falls.push(`${series} is gone`);
    return page;
  }
}

/** All requests that were answered, whoever answered them. */
export function requests(page: Page): number {
  return [...page.series].filter(([series]) => series.startsWith("http_requests_total{"))
    .reduce((sum, [, value]) => sum + value, 0);
}

/**
 * Scrapes until so many are told: what was answered last is counted a moment later, and a copy that a busy machine makes
 * late is shown as it was.
 */
export async function untilRequests(watch: Watch, port: number, wanted: number, timeoutSeconds = 20): Promise<number> {
  const page = await until(() => watch.scrape(port), (page) => requests(page) >= wanted, timeoutSeconds);
  return requests(page);
}

/**
 * Sends to each of some copies until each has counted what it answered, which no other is told; meanwhile these are scraped,
 * one behind another.
 */
export async function sendCounted(
  watch: Watch,
  some: readonly TestCopy[],
  scraped: readonly TestCopy[] = some,
): Promise<number> {
  const counted = async ({ port }: TestCopy): Promise<number> =>
    requests(new Page(await get(port, "/metrics?copy=self")));
  const before = await Promise.all(some.map(counted));
  const clients = some.map(({ port }) => new Client(port));
  for (const { port } of scraped) await watch.scrape(port);
  const answered = await Promise.all(clients.map((client) => client.end()));
  for (const [i, copy] of some.entries()) {
    await until(() => counted(copy), (count) => count >= before[i]! + answered[i]!, 20);
  }
  return answered.reduce((sum, each) => sum + each, 0);
}

export function states(page: Page): Record<string, number> {
  return Object.fromEntries(
    ["alive", "late", "ended"].map((state) => [state, page.value(`runtime_copies{state="${state}"}`)]),
  );
}

/** Scrapes until the states are as they should be. */
export async function untilStates(
  watch: Watch,
  port: number,
  wanted: Record<string, number>,
  timeoutSeconds = 20,
): Promise<Page> {
  const end = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const page = await watch.scrape(port);
    const told = JSON.stringify(states(page));
    if (told === JSON.stringify(wanted)) return page;
    if (performance.now() > end) throw new Error(`expected the states ${JSON.stringify(wanted)}, got ${told}`);
    await delay(50);
  }
}

export function kill(pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  process.kill(pid, signal);
}
