// The recipes of docs/frameworks.md, as they stand there, with an app's own routes in the place of theirs.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A recipe to be tried. */
export interface Recipe {
  /** The heading that it stands under. */
  heading: string;
  /** Which of the blocks there; the first where that is not said. */
  block?: number;
  /** What stands in the place of the statement whose last line says that it is the reader's own. */
  yours?: string;
  /** A piece of it, and what stands there instead. */
  instead?: readonly [string, string];
  /** By the name that the recipe imports, the name under which tests/frameworks pins it. */
  aliases?: Record<string, string>;
}

/**
 * Reads a recipe.
 *
 * @param recipe Which.
 * @returns Its text.
 */
export function recipeText({ heading, block = 0 }: Recipe): string {
  const section = readFileSync(`${root}docs/frameworks.md`, "utf8").split(/^## /m)
    .find((each) => each.startsWith(`${heading}\n`)) ?? "";
  const text = [...section.matchAll(/^```ts recipe\n(.*?)^```$/gms)][block]?.[1];
  if (text === undefined) throw new Error(`docs/frameworks.md has no recipe ${block} under ${heading}`);
  return text;
}

/**
 * Writes a recipe beside its framework's packages.
 *
 * @param folder The folder of those, from the root.
 * @param name What to call the file.
 * @param recipe Which, and what to put in.
 * @returns Where it is.
 */
export function writeRecipe(folder: string, name: string, recipe: Recipe): string {
  const file = join(root, folder, ".recipes", `${name}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  const { yours, aliases = {}, instead = ["", ""] } = recipe;
  const own = /^(?:.*|const \w+ = \w+\(\{\n(?: .*\n)*\}\);) ?\/\/ your \w+$/m;
  const text = recipeText(recipe);
  if (yours !== undefined && !own.test(text)) throw new Error(`The recipe of ${recipe.heading} has no line to replace`);
  writeFileSync(
    file,
    // Several of them in one process are several pages.
    `import { Registry } from "prom-client";\n${yours === undefined ? text : text.replace(own, () => yours)}`
      .replace(...instead)
      .replace("createMonitor()", "createMonitor({ registry: new Registry() })")
      .replace(/ from "([^"]+)"/g, (all, name: string) => name in aliases ? ` from "${aliases[name]}"` : all)
      .replace(
        / from "@rtm\/runtime-metrics(\/\w+)?"/g,
        (_, entry?: string) =>
          ` from "${relative(dirname(file), join(root, entry ? `src${entry}/mod.ts` : "mod.ts"))}"`,
      ),
  );
  return file;
}

/** Removes what {@linkcode writeRecipe} has written into a folder. */
export function removeRecipes(folder: string): void {
  rmSync(join(root, folder, ".recipes"), { recursive: true, force: true });
}
