/**
 * The command that writes the kit, but for the writing: from arguments to what is to be done. Pure, for tests.
 *
 * @module
 */

import { parseArgs } from "node:util";
import jsr from "../../jsr.json" with { type: "json" };
import { createKit, type KitFile } from "./files.ts";
import type { KitOptions } from "./options.ts";
import { type Threshold, thresholds } from "./thresholds.ts";

/** What the command is to do. */
export type KitCommand =
  | { readonly say: string }
  | { readonly folder: string; readonly files: readonly KitFile[] };

const flags = ["out", "prefix", "http-prefix", "job", "label", "runbook", "http-buckets", "threshold", "thresholds"];
/** Those that may be given more than once. */
const many = ["job", "label", "threshold"];

/** One of each in a list of arguments, as `parseArgs` of `node:util` tells it. */
type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

/**
 * Reads the arguments.
 *
 * @param args The arguments, with or without the word `kit` before them.
 * @param readText Reads the file of thresholds, if one is named.
 * @returns What to do.
 * @throws {TypeError} If an argument, an option or a threshold is unknown or of the wrong kind.
 * @throws {RangeError} If a name or a number is out of bounds.
 */
export function readKitCommand(args: readonly string[], readText: (path: string) => string): KitCommand {
  if (args.length === 0) return { say: helpText() };
  const tokens = tokensOf(args[0] === "kit" ? args.slice(1) : args);
  if (tokens.some(asksForHelp)) return { say: helpText() };
  if (tokens.length === 1 && isOption(tokens[0]!, "version")) return { say: jsr.version };
  const values = readFlags(tokens);
  const one = (flag: string): string | undefined => values.get(flag)?.[0];
  const folder = one("out");
  if (folder === undefined || folder === "") fail("expected a folder to write to, --out FOLDER", folder);
  const file = one("thresholds");
  const options: KitOptions = {
    ...optional("prefix", one("prefix")),
    ...optional("httpPrefix", one("http-prefix")),
    ...optional("jobs", values.get("job")),
    ...optional("labels", values.get("label")),
    ...optional("runbook", one("runbook")),
    ...optional("httpBuckets", one("http-buckets")?.split(",").map((text) => toNumber("--http-buckets", text))),
    thresholds: {
      ...(file === undefined ? {} : readThresholds(file, readText)),
      ...Object.fromEntries((values.get("threshold") ?? []).map(readThreshold)),
    },
  };
  return { folder, files: createKit(options) };
}

/** Absent and undefined are not the same to exact types. */
function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { [name in Name]: Value };
}

function tokensOf(args: readonly string[]): Token[] {
  const options = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean" },
    ...Object.fromEntries(flags.map((flag) => [flag, { type: "string", multiple: true }] as const)),
  } as const;
  // What is wrong is said in our own words, with all that is known.
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens;
}

function isOption(token: Token, name: string): boolean {
  return token.kind === "option" && token.name === name;
}

function asksForHelp(token: Token): boolean {
  return isOption(token, "help") || (token.kind === "positional" && token.index === 0 && token.value === "help");
}

function readFlags(tokens: readonly Token[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option" || !flags.includes(token.name)) {
      const known = [...flags, "help", "version"].map((flag) => `--${flag}`).join(", ");
      fail(`unknown argument; expected one of ${known}`, written(token));
    }
    const { name, value, inlineValue } = token;
    if (value === undefined || (!inlineValue && value.startsWith("--"))) fail(`--${name} must have a value`, value);
    const before = values.get(name) ?? [];
    if (before.length > 0 && !many.includes(name)) fail(`--${name} must be given once`, [...before, value]);
    values.set(name, [...before, value]);
  }
  return values;
}

/** What stands there, as the user wrote it. */
function written(token: Token): string {
  if (token.kind === "option-terminator") return "--";
  return token.kind === "positional" ? token.value : token.rawName;
}

function readThreshold(text: string): [string, number] {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) fail("--threshold must be NAME=NUMBER", text);
  return [name, toNumber(`threshold ${name}`, value!)];
}

function readThresholds(path: string, readText: (path: string) => string): Record<string, number> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readText(path));
  } catch (error) {
    throw new TypeError(`Cannot make kit: --thresholds must name a file of JSON, got ${JSON.stringify(path)}`, {
      cause: error,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    fail('--thresholds must name a file of JSON such as { "lag_warning": 0.1 }', parsed);
  }
  return parsed as Record<string, number>;
}

function toNumber(what: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) fail(`${what} must be a number`, text);
  return value;
}

function fail(expected: string, got: unknown): never {
  throw new TypeError(`Cannot make kit: ${expected}, got ${JSON.stringify(got) ?? String(got)}`);
}

function helpText(): string {
  const rows = Object.entries(thresholds).map(([name, { value, forSeconds, fixed }]: [string, Threshold]) =>
    `  ${name.padEnd(24)}${(fixed ? "" : String(value)).padEnd(10)}${
      forSeconds === undefined ? "" : `${name}_for=${forSeconds}`
    }`
  );
  return `Usage: runtime-metrics kit --out FOLDER [options]
       runtime-metrics --help | --version

Writes a Grafana dashboard, Prometheus rules with their tests, a runbook, and the rules for Kubernetes.
Files of an earlier kit in that folder are written over.

  --out FOLDER             where to write
  --prefix PREFIX          the monitor's prefix (runtime_)
  --http-prefix PREFIX     what namespace and subsystem of http.fromPython put before HTTP metrics
  --job JOB                a job of Prometheus to look at; may be repeated; without it every job that has the series
  --label LABEL            a label of targets that alerts keep beside job and instance; may be repeated
  --runbook URL            where the runbook is read
  --http-buckets LIST      the bounds of the request duration's buckets, if http.buckets sets others
  --threshold NAME=NUMBER  another number; may be repeated
  --thresholds FILE        other numbers, as JSON: { "lag_warning": 0.1, "lag_warning_for": 120 }

Thresholds, and for how many seconds they must be exceeded:

${rows.map((row) => row.trimEnd()).join("\n")}
`;
}
