/**
 * Unpacks today's Prometheus and its kin, for the tests that run them, into a folder of this project.
 *
 *     npx tsx scripts/newer_programs.ts
 *
 * Debian's stable suite has a Prometheus of years ago; its unstable suite has that of these days, whose binaries run on a
 * stable system. Nothing of the system is changed: apt gets its lists, its cache and its sources in the folder, and what
 * it brings is unpacked there. Without apt, or where the suite cannot be reached, it says so, and tests run what the
 * system has.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { newerPrograms } from "../tests/support/programs.ts";

const packages = ["prometheus", "promtool", "prometheus-alertmanager", "prometheus-pushgateway", "victoria-metrics"];

/** Where the machine's own apt takes Debian's packages from, and the key that signs them. */
function mirror(): { uri: string; key: string | undefined } {
  const sources = "/etc/apt/sources.list.d/debian.sources";
  const text = readFileSync(existsSync(sources) ? sources : "/etc/apt/sources.list", "utf8");
  const uri = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(text)?.[1];
  if (!uri) throw new Error("Cannot find Debian's mirror: apt has no source of it");
  return { uri, key: /^Signed-By:\s*(\/\S+)/m.exec(text)?.[1] };
}

function unpack(folder: string): void {
  const { uri, key } = mirror();
  const [lists, cache, source] = ["lists", "cache", "sources.list"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(join(lists, "partial"), { recursive: true });
  mkdirSync(join(cache, "archives/partial"), { recursive: true });
  writeFileSync(source, `deb ${key ? `[signed-by=${key}] ` : ""}${uri} unstable main\n`);
  const options = Object.entries({
    "Dir::Etc::sourcelist": source,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::Lists": lists,
    "Dir::Cache": cache,
    // The user that apt gives its rights up to cannot write here.
    "APT::Sandbox::User": "root",
  }).map(([name, value]) => `-o${name}=${value}`);
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
  run("apt-get", ...options, "update", "-qq");
  run("apt-get", ...options, "download", "-qq", ...packages);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) run("dpkg", "-x", file, "root");
}

if (existsSync(newerPrograms)) {
  console.log(`today's programs are in ${newerPrograms} already; remove it to get them anew`);
} else {
  // Unpacked beside its place and moved there at the end: what is there is whole.
  const begun = `${newerPrograms}.begun`;
  rmSync(begun, { recursive: true, force: true });
  try {
    unpack(begun);
    renameSync(join(begun, "root"), newerPrograms);
    console.log(`today's programs are in ${newerPrograms}`);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    console.log(`today's programs were not unpacked, and tests run those of the system: ${stderr || message}`);
    process.exitCode = 0;
  } finally {
    rmSync(begun, { recursive: true, force: true });
  }
}
