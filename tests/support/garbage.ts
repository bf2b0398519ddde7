import v8 from "node:v8";
import vm from "node:vm";
import { runtimeName } from "./loop.ts";

interface BunGlobal {
  Bun: { gc(synchronous: true): void };
}

/**
 * Collects all garbage now. V8 shows the function to contexts that are made once the flag is set, so no process has to
 * be started with it; Deno's collects twice.
 */
export const collectGarbage: () => void = runtimeName === "bun"
  ? () => (globalThis as unknown as BunGlobal).Bun.gc(true)
  : v8Collector();

function v8Collector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
