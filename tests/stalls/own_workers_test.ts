// Each thread records its own stalls, the main one too.

import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { type RecordedStall, recordStalls } from "@rtm/runtime-metrics/stalls";
import { sleep } from "../support/loop.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

interface Told {
  kind: string;
  name: string;
  seconds: number;
  functionName: string | undefined;
  file: string | undefined;
}

/** A stall of a worker's, as its own recorder has told it. */
async function stallOfWorker(): Promise<Told> {
  const worker = new Worker(new URL("../support/stalling_worker.mjs", import.meta.url), {
    workerData: { library: pathToFileURL(startable("tests/support/stalls_library.ts")).href },
    execArgv: [],
  });
  try {
    return await new Promise<Told>((told, failed) => {
      worker.on("message", told);
      worker.on("error", failed);
    });
  } finally {
    await worker.terminate();
  }
}

describe("recordStalls in workers", () => {
  it("finds the function of each in its own thread, and leaves the others' recorders alone", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using stalls = recordStalls(monitor, { thresholdSeconds: 0.3 });
    const told = await Promise.all([stallOfWorker(), stallOfWorker()]);
    for (const { kind, name, seconds, functionName, file } of told) {
      assertEquals([kind, name, functionName], ["task", "resize", "holdWorker"]);
      assertGreater(seconds, 0.4);
      assert(file!.endsWith("stalling_worker.mjs"), file);
    }
    // The workers are gone, and with them their profilers.
    function holdMain(): void {
      for (const end = performance.now() + 500; performance.now() < end;) Math.hypot(3, 4);
    }
    let found: RecordedStall | undefined;
    // One stall a second is looked at, and that may have been another one of a busy machine.
    for (let attempt = 0; attempt < 10 && !found?.culprit; attempt++) {
      await sleep(1.2);
      monitor.track("render", holdMain);
      found = await until(
        () => Promise.resolve(stalls.recent().find(({ name }) => name === "render")),
        (stall) => stall?.culprit !== undefined,
        2,
      );
    }
    assertEquals(found?.culprit?.functionName, "holdMain");
  });
});
