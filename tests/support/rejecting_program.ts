// Listeners whose promise rejects: it tells which of those rejections nobody has handled. Node's servers wait for no promise.

import { EventEmitter } from "node:events";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { sleep } from "./loop.ts";

const unhandled: string[] = [];
process.on("unhandledRejection", (reason) => void unhandled.push((reason as Error).message));

using monitor = createMonitor();
const request = { method: "GET", url: "/", headers: {} };
const messages = {
  events: () => Object.assign(new EventEmitter(), { socket: {}, writeHead() {}, getHeader() {}, statusCode: 200 }),
  likeness: () => ({ statusCode: 200 }),
};
for (const [name, make] of Object.entries(messages)) {
  // deno-lint-ignore no-explicit-any
  const listener = async (what: string, ..._messages: any[]): Promise<void> => {
    await sleep(0.01);
    throw new Error(`${name}, ${what}`);
  };
  // deno-lint-ignore no-explicit-any
  const measured = (what: string): any =>
    // deno-lint-ignore no-explicit-any
    instrumentListener(monitor, (...given: any[]) => listener(what, ...given));
  void listener("bare");
  void measured("measured")(request, make());
  await measured("handled")(request, make()).catch(() => {});
}
await sleep(0.1);
console.log(JSON.stringify(unhandled.sort()));
process.exit(0);
