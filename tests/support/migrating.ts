import { assert } from "@std/assert";
import { catalog } from "../../src/metrics/catalog/catalog.ts";

const ours = new Set(catalog.map(({ name, bare }) => bare ? name : `runtime_${name}`));

/** What a cell shows as code. */
export function codeIn(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code!);
}

/** The metrics of ours that a cell names, without what a histogram's series add. */
export function metricsIn(cell: string): string[] {
  return codeIn(cell).flatMap((code) => code.match(/\b(?:runtime|http|process|db|cache)_\w+/g) ?? [])
    .map((name) => name.replace(/_bucket$/, ""));
}

/** Checks that every metric that a cell names is in the catalog. */
export function assertOurs(cell: string, row: string): void {
  for (const name of metricsIn(cell)) assert(ours.has(name), `${row}: there is no ${name}`);
}
