/**
 * bench/RESULTS.md: one section for each bench, each written anew by its own.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const path = `${root}bench/RESULTS.md`;

const preamble = `# What measuring costs

Figures of one machine; \`npm run bench\` writes those of another. Each bench replaces its own section only.
`;

/**
 * Puts a section in the place of the one of the same title, or at the end.
 *
 * @param text The whole document; empty for a new one.
 * @param title The section's title.
 * @param body What stands under it.
 * @returns The document with that section.
 */
export function replaceSection(text: string, title: string, body: string): string {
  const [head, ...sections] = (text || preamble).split(/^(?=## )/m);
  const section = `## ${title}\n\n${body.trim()}\n`;
  const at = sections.findIndex((each) => each.split("\n", 1)[0] === `## ${title}`);
  sections.splice(at < 0 ? sections.length : at, at < 0 ? 0 : 1, section);
  return [head!, ...sections].map((each) => `${each.trim()}\n`).join("\n");
}

/**
 * Writes a table as Markdown.
 *
 * @param rows The header first; the first column names the row, the others hold numbers.
 * @returns The table.
 */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const [header, ...body] = rows.map((row) => `| ${row.join(" | ")} |`);
  const rule = `| --- |${" ---: |".repeat(rows[0]!.length - 1)}`;
  return [header, rule, ...body].join("\n");
}

/** The machine and the day, as results are read with them. */
export function describeRun(): string {
  const cores = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${type()} ${release()} ${process.arch}, ${cores.length} × ${
    cores[0]?.model.trim() ?? "unknown CPU"
  }`;
}

/**
 * Writes a bench's section into bench/RESULTS.md.
 *
 * @param title The section's title.
 * @param body What stands under it.
 */
export function writeSection(title: string, body: string): void {
  writeFileSync(path, replaceSection(existsSync(path) ? readFileSync(path, "utf8") : "", title, body));
  spawnSync(`${root}node_modules/.bin/deno`, ["fmt", "--quiet", path], { cwd: root, stdio: "inherit" });
}
