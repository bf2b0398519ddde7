// Version 2's files as this kernel writes them, of nested groups made for the test. Node alone: they are the same everywhere.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { containerReader } from "../../src/process/container.ts";
import { until } from "../support/until.ts";

const point = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((folder) => existsSync(`${folder}/cgroup.procs`));
const name = `rtm-unified-${process.pid}`;

/** Why groups cannot be made; false where they can. */
function missing(): string | false {
  if (!point) return "no control groups of version 2 are mounted here";
  try {
    mkdirSync(`${point}/${name}`);
    rmdirSync(`${point}/${name}`);
    return existsSync(`${point}/cpu.pressure`) ? false : "this kernel tells no pressure";
  } catch {
    return "control groups of version 2 cannot be made here";
  }
}

describe("the real files of version 2", { skip: missing() }, () => {
  it("tell the pressure of the process' own group, and what a controller that is elsewhere would tell is absent", async () => {
    const [outer, inner] = [`${point}/${name}`, `${point}/${name}/inner`];
    mkdirSync(inner, { recursive: true });
    const children = Array.from({ length: cpus().length + 1 }, () => spawn("sh", ["-c", "while :; do :; done"]));
    try {
      for (const { pid } of children) writeFileSync(`${inner}/cgroup.procs`, String(pid));
      const { read } = containerReader((path) => {
        if (path === "/proc/self/cgroup") return `0::/${name}/inner\n`;
        if (path === "/proc/self/mountinfo") return `30 23 0:26 / ${point} rw - cgroup2 cgroup2 rw\n`;
        return readFileSync(path, "utf8");
      })!;
      const waited = (): number =>
        read().pressure?.find(({ resource, share }) => resource === "cpu" && share === "some")?.seconds ?? 0;
      const before = waited();
      // One more than the machine has processors: somebody always waits.
      assertGreater(await until(() => Promise.resolve(waited()), (seconds) => seconds - before > 0.5, 20), before);
      const told = waited();
      const now = Number(/^some .*total=(\d+)/m.exec(readFileSync(`${inner}/cpu.pressure`, "utf8"))![1]) / 1e6;
      assertLessOrEqual(told, now);
      const resources = new Set(read().pressure?.map(({ resource }) => resource));
      assertEquals([...resources].sort(), ["cpu", "io", "memory"]);
      if (![inner, outer, point].some((folder) => existsSync(`${folder}/cpu.max`))) {
        const { cpuLimitCores, cpuThrottledSeconds, cpuPeriods } = read();
        assertEquals([cpuLimitCores, cpuThrottledSeconds, cpuPeriods], [undefined, undefined, undefined]);
      }
    } finally {
      await Promise.all(children.map((child) =>
        new Promise((ended) => {
          child.once("close", ended);
          child.kill("SIGKILL");
        })
      ));
      for (const folder of [inner, outer]) {
        await until(() => Promise.resolve(readFileSync(`${folder}/cgroup.procs`, "utf8")), (pids) => pids === "");
        rmdirSync(folder);
      }
    }
  });
});
