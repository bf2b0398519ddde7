/**
 * What Deno and Node do only where they were allowed to. Nothing here asks whoever sits at a terminal.
 *
 * @module
 */

import type { DenoLike, GlobalLike, PermissionQuery } from "./shim.ts";

/** What Deno does only where it was allowed to. */
export type Permission =
  | { readonly listenOn: string }
  | { readonly signals: true }
  | { readonly meetsIn: string };

/** May Deno do it without asking? */
export function isGranted({ permissions }: DenoLike, query: PermissionQuery): boolean {
  return permissions.querySync(query).state === "granted";
}

/** Names the flag that lets Node start threads; undefined where they are allowed. */
export function missingThreads({ process }: GlobalLike): string | undefined {
  return process?.permission?.has("worker") === false ? "--allow-worker" : undefined;
}

/** Names the flag that gives a permission; undefined where it is given, or nobody asks for one. It prompts nobody. */
export function missingFlag({ Deno }: GlobalLike, permission: Permission): string | undefined {
  if (!Deno) return undefined;
  const missing = needs(permission).filter(([query]) => !isGranted(Deno, query));
  return missing.map(([, flag]) => flag).join(" ") || undefined;
}

function needs(permission: Permission): [query: PermissionQuery, flag: string][] {
  if ("listenOn" in permission) {
    return [[{ name: "net", host: permission.listenOn }, `--allow-net=${permission.listenOn}`]];
  }
  if ("signals" in permission) return [[{ name: "run" }, "--allow-run"]];
  const { meetsIn: path } = permission;
  return [
    [{ name: "read", path }, `--allow-read=${path}`],
    [{ name: "write", path }, `--allow-write=${path}`],
    [{ name: "sys", kind: "uid" }, "--allow-sys=uid"],
    // Its name for a socket's path cannot be given beforehand (Deno 2.9.5).
    [{ name: "net" }, "--allow-net"],
  ];
}
