import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { startable } from "../support/startable.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What test runners and polyfills put in the place of the platform's own. */
const globals: Record<string, string> = {
  "none at all": "delete globalThis.Response; delete globalThis.ReadableStream;",
  "a response of another realm": `
    const { runInNewContext } = await import("node:vm");
    Object.setPrototypeOf(Response.prototype, runInNewContext("Object.prototype"));`,
  "a response that cannot be made": "globalThis.Response = class { constructor() { throw new Error(); } };",
  "a response that is no class": "globalThis.Response = {};",
};

describe("createMonitor() where globals are somebody else's", () => {
  for (const [name, replace] of Object.entries(globals)) {
    it(`measures with ${name}`, () => {
      const program = `${replace}
        const { createMonitor } = await import(${JSON.stringify(startable("mod.ts"))});
        const monitor = createMonitor();
        monitor.track("job", Promise.resolve());
        console.log(monitor.snapshot().runtime ?? "measured");
        monitor.stop();`;
      const { status, stderr } = spawnSync(
        process.execPath,
        ["--input-type=module", "--eval", program],
        { cwd: root, encoding: "utf8", timeout: 60_000 },
      );
      assertEquals([status, stderr], [0, ""]);
    });
  }
});
