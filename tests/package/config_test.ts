import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { assertEquals } from "@std/assert";
import { scope } from "../../src/formats/otlp_metric.ts";

function read(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
}

// Deno reads deno.json alone, `-c jsr.json` reads jsr.json alone, and npm and Node read package.json: each holds all of
// what it needs, so what they share is written down more than once.
describe("the package's identity", () => {
  const [deno, jsr, npm] = [read("deno.json"), read("jsr.json"), read("package.json")];

  for (const key of ["name", "version", "license", "exports", "imports", "publish"]) {
    it(`deno.json and jsr.json agree on ${key}`, () => assertEquals(deno[key], jsr[key]));
  }

  for (const key of ["name", "version", "license", "exports"]) {
    it(`package.json and jsr.json agree on ${key}`, () => assertEquals(npm[key], jsr[key]));
  }

  it("package.json and the scope of what is sent by OTLP agree", () => {
    assertEquals(scope, { name: String(npm["name"]), version: String(npm["version"]) });
  });

  it("package.json and jsr.json agree on what is imported", () => {
    const ranges = jsr["imports"] as Record<string, string>;
    const dependencies = npm["dependencies"] as Record<string, string>;
    const peers = npm["peerDependencies"] as Record<string, string>;
    assertEquals(Object.keys(ranges).sort(), [...Object.keys(dependencies), ...Object.keys(peers)].sort());
    assertEquals(ranges["hono"], `npm:hono@${peers["hono"]}`);
    // npm installs the very version that was tested, JSR what is compatible with it.
    assertEquals(ranges["prom-client"], `npm:prom-client@^${dependencies["prom-client"]}`);
  });
});
