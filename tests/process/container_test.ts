import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { containerReader } from "../../src/process/container.ts";
import { findControlGroups } from "../../src/process/control_groups.ts";
import { cgroup2, cgroup2Files, systemFiles } from "../support/control_groups.ts";

const read = (files: Readonly<Record<string, string>>): unknown => containerReader(systemFiles(files))?.read();

/** Version 1 as Docker mounts it into a container that shares the machine's namespace of groups. */
const one = {
  "/proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n",
  "/proc/self/mountinfo":
    "61 60 0:31 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:11 - cgroup cgroup rw,cpu,cpuacct\n" +
    "62 60 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:12 - cgroup cgroup rw,memory\n" +
    "63 60 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
  "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "20000\n",
  "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
  "/sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_periods 60\nnr_throttled 25\nthrottled_time 1234567890\n",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
  "/sys/fs/cgroup/memory/memory.usage_in_bytes": "50000000\n",
  "/sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 20000000\n",
  "/sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
  "/sys/fs/cgroup/unified/cpu.pressure": "some avg10=0.18 avg60=0.19 avg300=2.79 total=143310714\n",
};

describe("containerReader()", () => {
  it("tells the throttled time by one file as by all, that of the tightest group", () => {
    for (const files of [cgroup2, systemFiles(one)]) {
      const asked: string[] = [];
      const reader = containerReader((path) => (asked.push(path), files(path)))!;
      const { cpuThrottledSeconds } = reader.read();
      asked.length = 0;
      assertEquals([reader.throttledSeconds(), asked.length], [cpuThrottledSeconds, 1]);
      assertEquals(containerReader(files)!.throttledSeconds(), cpuThrottledSeconds);
    }
    assertEquals(
      containerReader(systemFiles({ "/proc/self/cgroup": "", "/proc/self/mountinfo": "" }))!.throttledSeconds(),
      undefined,
    );
  });

  it("reads control groups of version 2", () => {
    assertEquals(containerReader(cgroup2)!.read(), {
      cpuLimitCores: 0.5,
      cpuPeriods: 400,
      cpuThrottledPeriods: 30,
      cpuThrottledSeconds: 2.5,
      memoryLimitBytes: 268435456,
      memoryUsedBytes: 70000000,
      oomKills: 2,
      pressure: [
        { resource: "cpu", share: "some", seconds: 1.5 },
        { resource: "cpu", share: "full", seconds: 0.5 },
        { resource: "memory", share: "some", seconds: 0.02 },
        { resource: "memory", share: "full", seconds: 0.01 },
      ],
    });
  });

  it("reads version 1, whose times are nanoseconds, and not the whole machine's pressure beside it", () => {
    assertEquals(read(one), {
      cpuLimitCores: 0.2,
      cpuPeriods: 60,
      cpuThrottledPeriods: 25,
      cpuThrottledSeconds: 1.23456789,
      memoryLimitBytes: 134217728,
      memoryUsedBytes: 30000000,
      oomKills: 4,
    });
  });

  it("knows no limit in each of its spellings", () => {
    const two = read({
      ...cgroup2Files,
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/memory.max": "max\n",
    }) as Record<string, unknown>;
    assertEquals([two.cpuLimitCores, two.memoryLimitBytes, two.cpuPeriods], [undefined, undefined, 400]);
    for (const unlimited of ["9223372036854771712\n", "9223372036854775807\n", "18446744073709551615\n"]) {
      const old = read({
        ...one,
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": unlimited,
      }) as Record<string, unknown>;
      assertEquals([old.cpuLimitCores, old.memoryLimitBytes, old.memoryUsedBytes], [undefined, undefined, 30000000]);
    }
  });

  it("tells of the tightest group above this one, whose throttling holds this one down", () => {
    const nested = {
      ...cgroup2Files,
      "/proc/self/cgroup": "0::/app/worker\n",
      "/sys/fs/cgroup/app/cpu.max": "20000 100000\n",
      "/sys/fs/cgroup/app/cpu.stat": "nr_periods 7\nnr_throttled 6\nthrottled_usec 5000000\n",
      "/sys/fs/cgroup/app/worker/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/app/worker/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
      "/sys/fs/cgroup/app/worker/memory.max": "max\n",
      "/sys/fs/cgroup/app/worker/memory.events": "oom_kill 1\n",
    };
    const { pressure, ...told } = read(nested) as Record<string, unknown>;
    assertEquals(told, {
      cpuLimitCores: 0.2,
      cpuPeriods: 7,
      cpuThrottledPeriods: 6,
      cpuThrottledSeconds: 5,
      memoryLimitBytes: 268435456,
      memoryUsedBytes: 70000000,
      oomKills: 1,
    });
    // The group's own, which here tells none.
    assertEquals(pressure, undefined);
  });

  it("leaves out what a kernel does not have, and is absent without control groups", () => {
    const { "/proc/self/cgroup": _, ...without } = cgroup2Files;
    assertEquals(read(without), undefined);
    assertEquals(
      read({ "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": cgroup2Files["/proc/self/mountinfo"]! }),
      {},
    );
    assertEquals(read({ "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": "" }), {});
  });
});

describe("findControlGroups()", () => {
  const mount = (root: string, point: string): string => `1 2 0:1 ${root} ${point} rw - cgroup2 cgroup2 rw\n`;
  const folders = (path: string, root = "/", point = "/cg"): readonly string[] | undefined =>
    findControlGroups(`0::${path}\n`, mount(root, point)).cpu?.folders;

  it("lists the group and its ancestors, as far as the mount shows them", () => {
    assertEquals(folders("/a/b"), ["/cg/a/b", "/cg/a", "/cg"]);
    assertEquals(folders("/"), ["/cg"]);
    assertEquals(folders("/docker/x/y", "/docker/x"), ["/cg/y", "/cg"]);
    assertEquals(folders("/docker/xy", "/docker/x"), ["/cg"]);
    assertEquals(folders("/../elsewhere"), ["/cg"]);
    assertEquals(folders("/a:b", "/", "/c\\040g"), ["/c g/a:b", "/c g"]);
  });
});
