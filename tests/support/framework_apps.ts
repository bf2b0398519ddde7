// What the tests of frameworks share: their packages, apps that listen, and bodies that take their time.

import { spawn } from "node:child_process";
import { createServer, type RequestListener, type Server } from "node:http";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { freePort } from "./free_port.ts";
import type { FrameworkApp } from "./framework_harness.ts";
import { Page } from "./page.ts";
import { until } from "./until.ts";

export { endless, pieces } from "./web_bodies.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const bin = (name: string): string => `${root}node_modules/.bin/${name}`;

/** How each runtime runs a program of TypeScript. */
export const runtimes: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath, "--import", "tsx"],
  Deno: [bin("deno"), "run", "--allow-all", "--no-check", "--quiet"],
  Bun: [bin("bun")],
};

/** Starts what is named, or a recipe, on any of them. */
export const program = "tests/support/framework_program.ts";

/** Frameworks have types of their own, and these tests are about none of them. */
// deno-lint-ignore no-explicit-any
export type Any = any;

/**
 * Installs what a folder pins.
 *
 * @param folder From the root, such as `tests/frameworks`.
 * @returns Where they are; what loads one of them; and why its tests are skipped, or false.
 */
export function frameworksOf(folder: string): { modules: string; load: (name: string) => Any; skip: string | false } {
  const { modules, load, install } = pinnedPackages(folder);
  return { modules, load, skip: install() ?? false };
}

/** A monitor with a registry of its own. */
export function measuring(): Monitor<Registry> {
  return createMonitor({ registry: new Registry() });
}

/** An app that listens until it is disposed of. */
export async function listening(
  app: Server | RequestListener,
  more: Partial<FrameworkApp> = {},
): Promise<FrameworkApp & AsyncDisposable> {
  const server = typeof app === "function" ? createServer(app) : app;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    ...more,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Those of HTTP/2 have none, and their clients leave by themselves.
        server.closeAllConnections?.();
      }),
  };
}

/** Runs one of our programs, which writes where it listens, until it is disposed of. */
export async function running(
  command: readonly string[],
  { cwd = root, ...more }: { cwd?: string; env?: Record<string, string> } & Partial<FrameworkApp> = {},
): Promise<FrameworkApp & AsyncDisposable> {
  const port = await freePort();
  const child = spawn(command[0]!, command.slice(1), {
    cwd,
    env: { ...process.env, NO_COLOR: "1", PORT: String(port), HOST: "127.0.0.1", ...more.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  let written = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (piece: Uint8Array) => written += piece);
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(
      () => fetch(`${url}/metrics`).then((response) => response.text(), () => undefined),
      (page) => page !== undefined || child.exitCode !== null,
      90,
    );
    if (child.exitCode !== null) throw new Error(`The program ended with ${child.exitCode}`);
  } catch (error) {
    await stop();
    throw new Error(`${command.join(" ")} does not listen: ${written}`, { cause: error });
  }
  return { url, ...more, [Symbol.asyncDispose]: stop };
}

/**
 * Asks one path after the other.
 *
 * @param url Where the app listens.
 * @param asked Paths, or what is asked of them.
 * @returns For each path, in their order, the status that the client saw; and what was counted, as `route status count`.
 */
export async function counted(
  url: string,
  asked: readonly (string | readonly [path: string, init: RequestInit])[],
): Promise<{ seen: number[]; routes: string[] }> {
  const seen: number[] = [];
  for (const each of asked) {
    const [path, init] = typeof each === "string" ? [each, {}] : each;
    const response = await fetch(`${url}${path}`, { redirect: "manual", ...init });
    await response.arrayBuffer();
    seen.push(response.status);
  }
  const text = await (await fetch(`${url}/metrics`)).text();
  const routes = text.split("\n").filter((line) => line.startsWith("http_requests_total{"))
    .map((line) => `${/route="([^"]*)"/.exec(line)![1]} ${/status="(\d+)"/.exec(line)![1]} ${line.split(" ").at(-1)}`);
  return { seen, routes: routes.map((route) => route.replaceAll("\\\\", "\\")).sort() };
}

/**
 * Waits until so many label sets were counted, and nothing is in flight.
 *
 * @param monitor What measures.
 * @param labelSets How many.
 * @returns Each as `method route status outcome`, sorted.
 */
export async function countedOf(monitor: Monitor, labelSets: number): Promise<string[]> {
  const read = async (): Promise<Page> => new Page(await (await monitor.handler()).text());
  const page = await until(
    read,
    (page) =>
      page.labels("http_requests_total").length >= labelSets &&
      page.labels("http_requests_in_progress").every((each) => page.value(`http_requests_in_progress${each}`) === 0),
  );
  return page.labels("http_requests_total")
    .map((labels) => Array.from(labels.matchAll(/="(.*?)"/g), ([, value]) => value).join(" ")).sort();
}
