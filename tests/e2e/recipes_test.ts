// The recipes of docs/frameworks.md, each with its framework from npm at the version that tests/frameworks/fetch pins: as
// they stand there they compile, and on real sockets of Node, Deno and Bun they tell every route.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { frameworksOf, program, running, runtimes } from "../support/framework_apps.ts";
import { drive } from "../support/framework_harness.ts";
import { fetchFolder as folder, recipeApps } from "../support/recipe_apps.ts";
import { removeRecipes, writeRecipe } from "../support/recipes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const fetchers = frameworksOf(folder);
const others = ["react_router", "nitro", "nitro3", "sveltekit"].map((name) => `tests/frameworks/${name}`);
const skip = others.map((folder) => frameworksOf(folder).skip).find(Boolean) ?? fetchers.skip;

describe("the recipes of docs/frameworks.md", { skip }, () => {
  after(() => [folder, ...others].forEach(removeRecipes));

  it("compile as they stand there", () => {
    const files = [
      writeRecipe(folder, "elysia", { heading: "Elysia" }),
      // Those that tests/e2e/built_frameworks_test.ts runs.
      writeRecipe("tests/frameworks/nitro3", "plugins/metrics", { heading: "Nitro" }),
      writeRecipe("tests/frameworks/nitro", "plugins/metrics", { heading: "Nitro", block: 1 }),
      writeRecipe("tests/frameworks/nitro", "routes/metrics", { heading: "Nitro", block: 2 }),
      writeRecipe("tests/frameworks/sveltekit", "hooks", { heading: "SvelteKit" }),
      ...Object.entries(recipeApps).map(([name, { at = folder, yours: _, declared, ...recipe }]) =>
        writeRecipe(at, `${name}_as_is`, { ...recipe, ...(declared !== undefined && { yours: declared }) })
      ),
    ];
    const config = join(root, folder, ".recipes/tsconfig.json");
    writeFileSync(
      config,
      JSON.stringify({
        extends: "../../../../tsconfig.json",
        compilerOptions: {
          isolatedDeclarations: false,
          declaration: false,
          skipLibCheck: true,
          types: ["node"],
          typeRoots: [`${root}node_modules/@types`],
        },
        files,
        include: [],
        exclude: [],
      }),
    );
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", config], {
      encoding: "utf8",
      timeout: 600_000,
    });
    assertEquals([status, stdout], [0, ""]);
  });

  for (const [runtime, command] of Object.entries(runtimes)) {
    for (const [name, { asks, prefix, unmatched, at = folder, ...recipe }] of Object.entries(recipeApps)) {
      it(`measure ${name} under its routes' templates on ${runtime}`, async () => {
        await using app = await running([...command, program, writeRecipe(at, name, recipe)]);
        await drive({
          ...app,
          template: (path) => path.replace("id-acme", ":tenant"),
          ...(asks && { asks }),
          ...(prefix !== undefined && { prefix }),
          ...(unmatched !== undefined && { unmatched }),
        });
      });
    }
  }
});
