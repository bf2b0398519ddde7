// Each row of docs/frameworks.md that starts without a build, on each runtime that has it, against what strangers send: odd
// paths, methods, hosts, encodings and whole addresses, and very many paths. No text of theirs becomes a label.

import process from "node:process";
import { after, describe, it } from "node:test";
import { attack } from "../support/framework_attacks.ts";
import { frameworksOf, program, running, runtimes } from "../support/framework_apps.ts";
import { removeRecipes, writeRecipe } from "../support/recipes.ts";

const folders = ["", "/fetch", "/nest11", "/nest12"].map((folder) => `tests/frameworks${folder}`);
const skip = folders.map((folder) => frameworksOf(folder).skip).find(Boolean) ?? false;

const tenants = "/api/v1/tenants/id-acme";
const routes = ["/users/:id", "/users", "/boom", "/stream", "/slow"];

interface Row {
  prefix?: string;
  /** Beside those of every app. */
  more?: string[];
  /** The program's arguments; its name where that is not said. */
  command?: () => string[];
  on?: string[];
}

/** What a router answers to OPTIONS by itself stands under its mount. */
const express: Row = { prefix: tenants, more: ["/*"] };
const rows: Record<string, Row> = {
  "Hono": {},
  "a listener of node:http": {},
  "a fetch handler": {},
  "routes of Bun": { on: ["Bun"] },
  "express4": express,
  "express5": express,
  ...Object.fromEntries(["fastify4", "fastify5", "koa2", "koa3"].map((name) => [name, { prefix: tenants }])),
  ...Object.fromEntries(
    ["nest11 on Express", "nest12 on Express", "nest11 on Fastify", "nest12 on Fastify"]
      .map((name) => [name, { prefix: tenants }]),
  ),
  "Elysia": { prefix: "/tenants/id-acme", command: () => ["tests/support/elysia_program.ts"] },
  "itty-router": {
    command: () => [program, writeRecipe("tests/frameworks/fetch", "itty_attacked", { heading: "itty-router" })],
  },
  "h3": {
    command: () => [
      program,
      writeRecipe("tests/frameworks/fetch", "h3_attacked", { heading: "h3", aliases: { h3: "h3v2" } }),
    ],
  },
};

/** How many different paths each is sent; 100,000 took 3 to 70 s for each app. */
const paths = Number(process.env["ATTACK_PATHS"] ?? 2000);

for (const [runtime, command] of Object.entries(runtimes)) {
  describe(`what strangers send on ${runtime}`, { skip }, () => {
    after(() => removeRecipes("tests/frameworks/fetch"));
    for (const [name, { prefix = "", more = [], command: start = () => [program, name], on }] of Object.entries(rows)) {
      if (on && !on.includes(runtime)) continue;
      it(`is no label of ${name}`, async () => {
        await using app = await running([...command, ...start()]);
        await attack({ ...app, prefix }, [...routes, ...more], paths);
      });
    }
  });
}
