/**
 * Who holds the event loop, what takes the CPU from it, and whether it hangs.
 *
 * @module
 */

import { type FakeSeries, growing, steady, stepSeconds } from "./fake_series.ts";
import { maxBy, sumBy } from "./promql.ts";
import { inOurJobs, ofTarget } from "./resource_signals.ts";
import { lookBack, lookBackSeconds } from "./runtime_signals.ts";
import type { Alert, RuleCase, Signal, SignalContext } from "./signal.ts";
import { thresholdAlerts } from "./threshold_alerts.ts";

/** How many samples it takes until a lone rate is that of the time looked back. */
const wholeWindow = 1 + lookBackSeconds / stepSeconds;

/** Below this share of CPU time a stall was spent waiting rather than computing. */
const onCpuShare = 0.5;

/**
 * Makes the signals.
 *
 * @param context The names and numbers.
 * @returns Hangs, who holds the loop, and throttling.
 */
export function stallSignals(context: SignalContext): Signal[] {
  return [hang(context), held(context), throttled(context)];
}

function held(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const who = { kind: "request", name: "GET /report" };
  const byWho = [...by, "kind", "name"];
  const named = promql.series("eventloop_stall_seconds_total", 'kind=~"request|task"');
  const series = fake("eventloop_stall_seconds_total", who);
  return {
    id: "held",
    title: "A route or task holds the event loop",
    meaning:
      "The code of one route, or of one kind of tracked work, runs for so long at a time that everything else in " +
      "the process waits for it. The alert names it. What blocks between two `await`s, or in a timer, is `unknown` and " +
      "has no alert of its own; [event loop lag](#event-loop-lag) sees it.",
    confirm: [
      `Who, and how much of the time: \`topk(5, ${
        sumBy(["kind", "name"], promql.rate("eventloop_stall_seconds_total", lookBack))
      })\`.`,
      `How long at a time: that over \`${
        sumBy(["kind", "name"], promql.rate("eventloop_stalls_total", lookBack))
      }\` is the mean stall in seconds.`,
      `Does it compute? \`${promql.rate("eventloop_stall_cpu_seconds_total", lookBack)}\` near the same is code that ` +
      "runs; much less is a call that waits (files, child processes, locks), or " +
      "[a CPU that is taken away](#the-container-takes-the-cpu-away).",
    ],
    act: [
      "Find the line: `recordStalls()` tells the function that held the loop, its file and its line, and keeps a profile " +
      "of the stall.",
      "Usual culprits: JSON of many megabytes, a regular expression that backtracks, `*Sync` calls, hashing and " +
      "compression on the loop, a loop over a whole table.",
      "Move what computes into a worker, cut what is long into pieces that give way, or bound the size of what comes " +
      "in.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "held",
      names: { warning: "RuntimeEventLoopHeld" },
      measures: [
        {
          says: "the stalls of five minutes",
          expression: sumBy(byWho, `rate(${named}[${lookBack}])`),
          fake: (value) => [growing(series, value)],
          samples: wholeWindow,
        },
        {
          // rate() does not see the first increase of a series, and a route gets its own with its first stall.
          says: "the first stalls of all",
          expression: `${sumBy(byWho, `${named} unless ${named} offset ${lookBack}`)} / ${lookBackSeconds}`,
          fake: (value) => [steady(series, value * lookBackSeconds)],
          samples: 1,
        },
      ],
      labels: who,
      summary: "{{ $labels.kind }} {{ $labels.name }} holds the event loop of {{ $labels.job }}/{{ $labels.instance }}",
      description:
        "{{ $labels.kind }} {{ $labels.name }} held the event loop for {{ $value | humanizePercentage }} of " +
        "the time",
    }),
  };
}

function throttled(context: SignalContext): Signal {
  const { promql, by, fake, settings } = context;
  const { held_warning: { value: heldLimit }, throttled_warning: { value: limit, forSeconds = 0 } } =
    settings.thresholds;
  const rate = (name: string): string => promql.rate(name, lookBack);
  const stalled = sumBy(by, rate("eventloop_stall_seconds_total"));
  const onCpu = sumBy(by, rate("eventloop_stall_cpu_seconds_total"));
  const on = `on (${by.join(", ")})`;
  const fakes = (standsStill: number, stallShare: number, cpuShare: number): FakeSeries[] => [
    growing(fake("container_cpu_throttled_seconds_total"), standsStill),
    growing(fake("eventloop_stall_seconds_total", { kind: "request", name: "GET /" }), stallShare),
    growing(fake("eventloop_stall_cpu_seconds_total", { kind: "request", name: "GET /" }), stallShare * cpuShare),
  ];
  const silent = (says: string, series: FakeSeries[]): RuleCase => ({
    says,
    series,
    silentAtSeconds: [forSeconds + lookBackSeconds, forSeconds + 3 * lookBackSeconds],
  });
  return {
    id: "throttled",
    title: "The container takes the CPU away",
    meaning:
      "The event loop is late, and its thread is not on the CPU while it is: the container has used up its share of CPU " +
      "time, and the kernel lets all of it stand still for the rest of each period (100 ms). No code of the app holds " +
      "the loop. Missing on Deno without `--allow-all`, and outside of Linux.",
    confirm: [
      `How much it stands still: \`${rate("container_cpu_throttled_seconds_total")}\`, in seconds a second, added up ` +
      "over cores.",
      `What it may use: \`${promql.series("container_cpu_limit_cores")}\`, beside \`${
        promql.rate("process_cpu_seconds_total", lookBack)
      }\`.`,
      `Stalls off the CPU: \`${onCpu} / ${stalled}\` is the share of their time that was computed.`,
    ],
    act: [
      "Raise the CPU limit (`resources.limits.cpu` of Kubernetes, `cpus` of Compose), or leave it out and keep the " +
      "request: a limit of under one core stops the loop even where the machine has nothing else to do.",
      "Use less in a burst: fewer threads (`UV_THREADPOOL_SIZE`, workers, the collector's own) share the same quota.",
      "If it does not stand still and is off the CPU all the same, look for synchronous input and output.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "throttled",
      names: { warning: "RuntimeCpuThrottled" },
      measures: [{
        says: "the time that the container stands still",
        expression: `(${
          maxBy(by, rate("container_cpu_throttled_seconds_total"))
        } and ${on} ${stalled} > ${heldLimit} and ${on} ${onCpu} / ${stalled} < ${onCpuShare})`,
        fake: (value) => fakes(value, 2 * heldLimit, onCpuShare * 0.98),
        samples: wholeWindow,
      }],
      summary: "{{ $labels.job }}/{{ $labels.instance }} stalls because its container's CPU limit is used up",
      description:
        "Raise the CPU limit: the container stood still for {{ $value | humanizePercentage }} of the time, and " +
        "the event loop was late meanwhile without being on the CPU",
    }).map((alert): Alert => ({
      ...alert,
      cases: [
        ...alert.cases,
        silent("a busy loop, not throttled", fakes(0, 0.8, 1)),
        silent("a busy loop of a container whose other processes are throttled", fakes(2 * limit, 0.8, 0.9)),
        silent("a loop that waits for a file", fakes(0, 0.8, 0.1)),
        silent("throttled, and nobody is late", fakes(2 * limit, heldLimit * 0.9, 0.2)),
      ],
    })),
  };
}

function hang(context: SignalContext): Signal {
  const { promql, by, fake, settings } = context;
  const on = `on (${by.join(", ")})`;
  const peak = promql.series("eventloop_lag_peak_seconds");
  const target = (up: number, seconds: number): FakeSeries[] => [
    steady(fake("scrape_duration_seconds"), seconds),
    steady(fake("up"), up),
    steady(fake("info"), 1),
  ];
  const text = { summary: "Event loop of {{ $labels.job }}/{{ $labels.instance }} hangs" };
  const during = thresholdAlerts(context, {
    threshold: "hang",
    names: { critical: "RuntimeEventLoopHangs" },
    measures: [{
      says: "a scrape without an answer",
      expression: `(${maxBy(by, ofTarget(context, "scrape_duration_seconds"))} and ${on} ${
        maxBy(by, ofTarget(context, "up"))
      } == 0${inOurJobs(context)})`,
      fake: (value) => target(0, value),
      samples: 1,
    }],
    ...text,
    description: "A scrape waited {{ $value | humanizeDuration }} in vain, so the process is there and does not answer",
  });
  const after = thresholdAlerts(context, {
    threshold: "hang",
    names: { warning: "RuntimeEventLoopHung" },
    measures: [{
      says: "the latest beat of five minutes",
      expression: maxBy(by, `max_over_time(${peak}[${lookBack}])`),
      fake: (value) => [steady(fake("eventloop_lag_peak_seconds"), value)],
      samples: 1,
    }],
    summary: "Event loop of {{ $labels.job }}/{{ $labels.instance }} hung",
    description: "Nothing was answered for {{ $value | humanizeDuration }} at a stretch within five minutes",
  });
  const { value: limit, forSeconds = 0 } = settings.thresholds.hang_critical;
  const silentAtSeconds = [forSeconds + lookBackSeconds, forSeconds + 3 * lookBackSeconds];
  return {
    id: "hang",
    title: "Event loop hangs",
    meaning:
      "For seconds at a stretch the process answered nothing at all. While that lasts its page is not answered either: " +
      "scrapes end with their timeout, which the critical alert sees, where the timeout is longer than its number. A " +
      "network that swallows packets looks the same from outside. Once it is over, the page tells how long it was.",
    confirm: [
      `\`${
        ofTarget(context, "scrape_duration_seconds")
      }\` at the scrape's timeout with \`up\` at 0 is a process that ` +
      "lets everybody wait; near 0 it refuses, and is gone.",
      "The watchdog (`@rtm/runtime-metrics/stalls`), where it is used, tells while it lasts: `GET /livez` of its thread answers 503, and " +
      "its line on stderr says what kind of work and which route holds the loop, on Node with the stack.",
      `Afterwards: \`topk(5, ${
        sumBy(["kind", "name"], `increase(${promql.series("eventloop_stall_seconds_total")}[${lookBack}])`)
      })\` names who held it.`,
    ],
    act: [
      "Still hanging: restart it, and let an orchestrator do so by a liveness probe on the watchdog's `/livez`. Before " +
      "that, take the stack: the watchdog's line, or `kill -USR1` and an inspector on Node.",
      "Afterwards do as for [a route or task that holds the loop](#a-route-or-task-holds-the-event-loop). An endless " +
      "loop, a regular expression that backtracks and `Atomics.wait` are what hangs for good.",
      "Bound what comes from outside: lengths before regular expressions, sizes before parsers.",
    ],
    alerts: [
      ...after,
      ...during.map((alert): Alert => ({
        ...alert,
        cases: [
          ...alert.cases,
          { says: "a target that refuses at once", series: target(0, 0.001), silentAtSeconds },
          { says: "a page that is slow, and comes", series: target(1, limit * 2), silentAtSeconds },
        ],
      })),
    ],
  };
}
