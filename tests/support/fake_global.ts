import type { GlobalLike, ProcessLike } from "../../src/runtime/shim.ts";

/** Files of a fake /proc, by path; a folder is the list of its names, and `size` what stat tells of it. */
export type FakeFiles = Record<string, string | readonly string[] | { size: number; names: readonly string[] }>;

/** A fake `node:fs` over these files; what is not among them throws, as it does in life. */
export function fakeFs(files: FakeFiles): Record<string, (path: string) => unknown> {
  const find = (path: string): NonNullable<FakeFiles[string]> => {
    const found = files[path];
    if (found === undefined) throw new Error(`EACCES: ${path}`);
    return found;
  };
  const isFolder = (file: FakeFiles[string]): file is { size: number; names: readonly string[] } =>
    typeof file === "object" && "size" in file;
  return {
    readFileSync: (path) => find(path),
    readdirSync: (path) => {
      const found = find(path);
      return isFolder(found) ? found.names : found;
    },
    statSync: (path) => {
      const found = find(path);
      return { size: isFolder(found) ? found.size : 0 };
    },
  };
}

/**
 * A process that every shim accepts.
 *
 * @param modules The built-in modules that it has.
 * @param more What differs.
 */
export function fakeProcess(modules: Record<string, unknown> = {}, more: Partial<ProcessLike> = {}): ProcessLike {
  return {
    platform: "linux",
    versions: { node: "22.19.0", v8: "13.6.0", webkit: "abc" },
    env: {},
    cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
    threadCpuUsage: () => ({ user: 250_000, system: 0 }),
    memoryUsage: () => ({ rss: 1, heapTotal: 2, heapUsed: 3, external: 4, arrayBuffers: 5 }),
    getBuiltinModule: (id) => modules[id],
    ...more,
  };
}

/** A global object around that process, without anything that tells which runtime it is. */
export function fakeGlobal(process?: ProcessLike, more: Partial<GlobalLike> = {}): GlobalLike {
  return {
    performance: { now: () => 2500, timeOrigin: 1_700_000_000_000 },
    setTimeout: () => ({ unref() {} }),
    clearTimeout() {},
    ...(process && { process }),
    ...more,
  };
}

/** What of Deno the shim reads. */
export function fakeDeno(state = "granted"): NonNullable<GlobalLike["Deno"]> {
  return {
    version: { deno: "2.9.5", v8: "14.0.1" },
    unrefTimer() {},
    permissions: { querySync: () => ({ state }) },
  };
}
