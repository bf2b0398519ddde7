// Each row of docs/frameworks.md that starts without a build, on each runtime that has it, against what strangers send: odd
// paths, methods, hosts, encodings and whole addresses, and very many paths. No text of theirs becomes a label.

import process from "node:process";
import { after, describe, it } from "node:test";
import { attack, type AttackedApp } from "../support/framework_attacks.ts";
import { frameworksOf, program, running, runtimes } from "../support/framework_apps.ts";
import { fetchFolder, recipeApps } from "../support/recipe_apps.ts";
import { removeRecipes, writeRecipe } from "../support/recipes.ts";

const folders = ["", "/fetch", "/nest11", "/nest12", "/react_router"].map((folder) => `tests/frameworks${folder}`);
const skip = folders.map((folder) => frameworksOf(folder).skip).find(Boolean) ?? false;

const tenants = "/api/v1/tenants/id-acme";
const routesBelow = (prefix: string): string[] =>
  ["/users/:id", "/users", "/boom", "/stream", "/slow"].map((path) => prefix.replace("id-acme", ":tenant") + path);

interface Row extends Partial<Omit<AttackedApp, "url">> {
  /** The program's arguments; its name where that is not said. */
  command?: () => string[];
  on?: string[];
}

/** A recipe with an app in it. */
const recipe = (name: keyof typeof recipeApps, row: Row = {}): Row => {
  const { at = fetchFolder, asks: _, prefix, unmatched, ...recipe } = recipeApps[name]!;
  return {
    ...(prefix !== undefined && { prefix }),
    ...(unmatched !== undefined && { unmatched }),
    ...row,
    command: () => [program, writeRecipe(at, `${name}_attacked`, recipe)],
  };
};

/** What a router answers to OPTIONS by itself stands under its mount. */
const express: Row = { prefix: tenants, routes: [...routesBelow(tenants), "/api/v1/tenants/:tenant/*"] };
const reactRouter: Row = {
  routes: ["/", "/tenants/:tenant", ...routesBelow("/tenants/id-acme")],
  own: ["", "/users/id-a", "/id-a"].flatMap((path) =>
    [".data", ".data?_routes=id-a", "?_data=id-a", "?index", "?_routes=id-a"]
      .map((rest) => `/tenants/id-acme${path}${rest}`)
  ).concat("/_root.data?id-a", "/_.data", "/__manifest?p=/id-a&version=id-b", "/__manifest?id-a"),
};
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
  "itty-router": recipe("itty"),
  "h3 1": recipe("h3v1"),
  "h3 2": recipe("h3v2"),
  "srvx": recipe("srvx", { routes: ["/users/:id"] }),
  "GraphQL Yoga": recipe("yoga", {
    routes: ["query user", "query boom", "query __type", "query", "subscription ticks", "batch"],
    user: (id) => `/graphql?query={user(id:%22${id}%22)}`,
    own: [
      ...[
        "{id-a}",
        "{id_a}",
        "{id_a:boom}",
        "{id_a:boom%20id_b:boom}",
        "query%20id_a{boom}",
        "query%20id_a{id_b}",
        "mutation%20id_a{id_b}",
        "subscription%20id_a{ticks}",
        "{__type(name:%22id-a%22){id_a:name}}",
        "{user(id:1)@id_a}",
        "{user(id:1,id_a:2)}",
        "{...id_a}fragment%20id_a%20on%20Query{boom}",
        "{...on%20Query{id_a:boom}}",
        "query%20id_a{boom}query%20id_b{boom}&operationName=id_b",
        "query%20id_a{boom}&operationName=id-b",
        "{boom}&variables={%22id-a%22:1}&id-a=id-b",
        "%00id-a",
        "%ffid-a",
      ].map((query) => `/graphql?query=${query}`),
      "/graphql?extensions={%22persistedQuery%22:{%22sha256Hash%22:%22id-a%22}}",
      "/graphql/id-a?query={boom}",
      "/id-a/graphql?query={boom}",
      "/graphql/..%2fid-a?query={boom}",
    ],
  }),
  "tRPC": recipe("trpc", {
    routes: ["users.one", "make", "boom", "slow", "ticks", "later.one", "batch"],
    user: (id) => `/trpc/users.one?input=%22${id}%22`,
    own: [
      ..."id-a users.id-a users id-a.one later.id-a boom.id-a boom/id-a //boom __proto__ constructor.name users.__proto__"
        .split(" "),
      ..."boom,id-a?batch=1 boom,boom?batch=1 id-a,id-b?batch=1 boom%2Cid-a?batch=1 boom?batch=id-a ,?batch=1".split(
        " ",
      ),
      ..."users.one?input=id-a users.one?input=%22id-%ff%22 users.one users%2eone boom%00id-a boom%ff ?id-a".split(" "),
      "boom,".repeat(500) + "id-a?batch=1",
    ].map((path) => `/trpc/${path}`).concat("/trpcid-a", "/id-a/trpc/boom", "/trpc"),
  }),
  "React Router": recipe("react_router", reactRouter),
  "React Router's middleware": recipe("react_router_middleware", reactRouter),
};

/** How many different paths each is sent; 100,000 took 3 to 70 s for each app. */
const paths = Number(process.env["ATTACK_PATHS"] ?? 2000);

for (const [runtime, command] of Object.entries(runtimes)) {
  describe(`what strangers send on ${runtime}`, { skip }, () => {
    after(() => [fetchFolder, "tests/frameworks/react_router"].forEach(removeRecipes));
    for (const [name, { command: start = () => [program, name], on, ...row }] of Object.entries(rows)) {
      if (on && !on.includes(runtime)) continue;
      it(`is no label of ${name}`, async () => {
        await using app = await running([...command, ...start()]);
        await attack({ routes: routesBelow(row.prefix ?? ""), ...app, ...row }, paths);
      });
    }
  });
}
