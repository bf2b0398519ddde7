// Tells once a second what its monitor knows of its loop, until it is killed.

import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { StoodStill } from "../support/stood_still.ts";

const monitor = createMonitor({ registry: new Registry() });
const stood = new StoodStill();
while (true) {
  await sleep(1);
  const page = await scrape(monitor);
  console.log(JSON.stringify({
    suspended: page.value("runtime_suspended_seconds_total"),
    blocked: page.value("runtime_eventloop_blocked_seconds_total"),
    lag: page.value("runtime_eventloop_lag_seconds_sum"),
    peak: page.value("runtime_eventloop_lag_peak_seconds"),
    poolWaits: page.has("runtime_pool_probe_wait_seconds_sum")
      ? page.value('runtime_pool_probe_wait_seconds_sum{pool="runtime"}')
      : 0,
    gaps: stood.gaps,
  }));
}
