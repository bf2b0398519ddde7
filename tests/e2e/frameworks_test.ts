// Each row of docs/frameworks.md that is no recipe, on each runtime that has it, at the versions that tests/frameworks
// pins: every one is driven in the same way on its real socket. What only one of them can is told in a file of its own.

import { describe, it } from "node:test";
import { frameworksOf, program, running, runtimes } from "../support/framework_apps.ts";
import { drive } from "../support/framework_harness.ts";

const folders = ["tests/frameworks", "tests/frameworks/fetch", "tests/frameworks/nest11", "tests/frameworks/nest12"];
const skip = folders.map((folder) => frameworksOf(folder).skip).find(Boolean) ?? false;

const everywhere = Object.keys(runtimes);
/** On Node these are driven, mounts and versions included, in files of their own. */
const others = everywhere.filter((runtime) => runtime !== "Node");
const rows: Readonly<Record<string, readonly string[]>> = {
  "Hono": everywhere,
  "a listener of node:http": everywhere,
  "a fetch handler": everywhere,
  "routes of Bun": ["Bun"],
  ...Object.fromEntries(["express4", "express5", "fastify4", "fastify5", "koa2", "koa3"].map((name) => [name, others])),
  ...Object.fromEntries(
    ["nest11 on Express", "nest11 on Fastify", "nest12 on Express", "nest12 on Fastify"].map((name) => [name, others]),
  ),
};

/** The others have prefixes, which stand in their templates. */
const isPlain = (name: string): boolean => !/^(express|fastify|koa|nest)/.test(name);

for (const [runtime, command] of Object.entries(runtimes)) {
  describe(`frameworks on ${runtime}`, { skip }, () => {
    for (const [name, on] of Object.entries(rows)) {
      if (!on.includes(runtime)) continue;
      it(`measure ${name} under its routes' templates`, async () => {
        await using app = await running([...command, program, name]);
        if (isPlain(name)) return await drive(app);
        const template = (path: string): string => path.replace("id-acme", ":tenant");
        await drive({ ...app, prefix: "/api/v1/tenants/id-acme", template });
      });
    }
  });
}
