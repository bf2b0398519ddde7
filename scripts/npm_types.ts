/**
 * What the declarations of the npm package need of a user's project: nothing. Sources name the web's types (`Response`,
 * `AbortSignal`) and `Symbol.dispose`, which a project without the types of DOM or Node does not have; the declarations
 * that are published take them from `scripts/web_types.d.ts`, where each is the user's own if there is one.
 *
 * @module
 */

import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("web_types.d.ts", import.meta.url));

/** The types that the file declares. */
const names: readonly string[] = [...readFileSync(source, "utf8").matchAll(/^export type (\w+)/gm)].map(([, name]) =>
  name!
);

/**
 * Rewrites the declarations of a built package.
 *
 * @param code The folder that holds them.
 */
export function freeTypes(code: string): void {
  const target = join(code, "web_types.d.ts");
  for (const name of readdirSync(code, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(code, name);
    const from = relative(dirname(path), target).replaceAll("\\", "/").replace(/^(?!\.)/, "./").replace(
      /\.d\.ts$/,
      ".js",
    );
    writeFileSync(path, freed(readFileSync(path, "utf8"), from));
  }
  cpSync(source, target);
}

/** The declarations of one file, importing what they name of the web. */
function freed(text: string, from: string): string {
  const declarations = withoutDisposers(text);
  const code = declarations.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "");
  const named = names.filter((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(code));
  if (named.length === 0) return declarations;
  const line = `import type { ${named.join(", ")} } from "${from}";\n`;
  // What describes the module stays first.
  const [head] = /^(\/\*\*(?:(?!\*\/)[\s\S])*?@module(?:(?!\*\/)[\s\S])*?\*\/\n)?/.exec(declarations)!;
  return head + line + declarations.slice(head.length);
}

/**
 * Takes out the members `[Symbol.dispose]` and `[Symbol.asyncDispose]`, which their interface has by extending
 * `Disposable`, and a class by an interface of its name.
 */
function withoutDisposers(text: string): string {
  const member = /^ *(?:\/\*\*(?:(?!\*\/)[\s\S])*?\*\/\s*)?\[Symbol\.(?:dispose|asyncDispose)\]\(\): [^;]+;\n/gm;
  if (!member.test(text)) return text;
  const classes = text.matchAll(/^export declare class (\w+) implements (\w+(?:, \w+)*) /gm);
  const merged = [...classes].map(([, name, kinds]) => `export interface ${name} extends ${kinds} {\n}\n`);
  return text.replace(member, "") + merged.join("");
}
