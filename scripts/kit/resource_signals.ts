/**
 * What a process can run out of, and whether it is there at all.
 *
 * @module
 */

import { steady, stepSeconds } from "./fake_series.ts";
import { maxBy } from "./promql.ts";
import type { Alert, Signal, SignalContext } from "./signal.ts";
import { spoken, thresholdAlerts } from "./threshold_alerts.ts";

/**
 * Makes the signals.
 *
 * @param context The names and numbers.
 * @returns File descriptors, heap and target down.
 */
export function resourceSignals(context: SignalContext): Signal[] {
  return [fileDescriptors(context), heap(context), targetDown(context)];
}

function fileDescriptors(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const limit = 1000;
  return {
    id: "fds",
    title: "File descriptors run out",
    meaning: "The process has nearly as many files and sockets open as it may have. At the limit it accepts no " +
      "connection and opens no file: EMFILE. Missing on Deno without `--allow-all`.",
    confirm: [
      `\`${
        promql.series("process_open_fds")
      }\` beside \`process_max_fds\`: does it fall back when traffic does? If not, ` +
      "something is never closed.",
      "On the machine: `ls -l /proc/PID/fd` tells sockets from files, and `ss -tnp` to whom they go.",
    ],
    act: [
      "If they follow traffic: raise the limit (`LimitNOFILE=` of systemd, `ulimits` of Compose), or keep fewer idle " +
      "connections.",
      "If they only grow: look for bodies of `fetch` that nobody reads or cancels, for streams without an error handler, " +
      "for watchers; restart meanwhile, before the limit does it.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "fds",
      names: { warning: "RuntimeFileDescriptorsHigh", critical: "RuntimeFileDescriptorsCritical" },
      measures: [{
        says: "the open ones",
        // Every Prometheus client exposes these names, so only processes with this library's page are meant.
        expression: `(${
          maxBy(by, `${promql.series("process_open_fds")} / ${promql.series("process_max_fds")}`)
        } and on (${by.join(", ")}) ${promql.series("info")})`,
        fake: (value) => [
          steady(fake("process_open_fds"), value * limit),
          steady(fake("process_max_fds"), limit),
          steady(fake("info", { runtime: "node", version: "20.20.2", engine: "v8" }), 1),
        ],
        samples: 1,
      }],
      summary: "{{ $labels.job }}/{{ $labels.instance }} runs out of file descriptors",
      description: "{{ $value | humanizePercentage }} of the file descriptors that it may open are open",
    }),
  };
}

function heap(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const limit = 4_000_000_000;
  return {
    id: "heap",
    title: "Heap is nearly full",
    meaning: 'The heap is close to the size at which the process ends with "heap out of memory". Before that it ' +
      "collects more and more often, which shows as lag. Missing on Bun, which has no such limit: watch " +
      "`process_resident_memory_bytes` against the container's limit there.",
    confirm: [
      `\`${promql.series("heap_used_bytes")}\` beside \`${
        promql.name("heap_limit_bytes")
      }\`: a saw that climbs is a leak, ` +
      "a plateau is a working set that needs more room.",
      `\`${
        promql.rate("gc_duration_seconds_sum", "5m")
      }\`: the share of time in collections, which rises near the limit.`,
    ],
    act: [
      "A leak: take two heap snapshots some minutes apart (`node --heapsnapshot-signal=SIGUSR2`) and compare them; " +
      "usual finds are caches without a bound, listeners that are added and never removed, and closures in maps.",
      "A working set: `--max-old-space-size`, and a container's limit above it, since buffers lie outside the heap.",
      "Restart the instances one by one meanwhile.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "heap",
      names: { warning: "RuntimeHeapHigh", critical: "RuntimeHeapCritical" },
      measures: [{
        says: "the heap in use",
        expression: maxBy(by, `${promql.series("heap_used_bytes")} / ${promql.series("heap_limit_bytes")}`),
        fake: (
          value,
        ) => [steady(fake("heap_used_bytes"), value * limit), steady(fake("heap_limit_bytes"), limit)],
        samples: 1,
      }],
      summary: "Heap of {{ $labels.job }}/{{ $labels.instance }} is nearly full",
      description: "{{ $value | humanizePercentage }} of the heap's limit is in use",
    }),
  };
}

/** A series that Prometheus itself makes of each target. */
export function ofTarget({ promql }: SignalContext, name: string): string {
  return name + promql.series("info").slice(promql.name("info").length);
}

/** Without jobs of the user's choice, those are meant in which this library's page was seen within a day. */
export function inOurJobs({ promql, settings }: SignalContext): string {
  return settings.jobs.length > 0
    ? ""
    : `\nand on (job) group by (job) (present_over_time(${promql.series("info")}[1d]))`;
}

function targetDown(context: SignalContext): Signal {
  const { promql, by, settings, target, fake } = context;
  const up = ofTarget(context, "up");
  const ours = inOurJobs(context);
  const { forSeconds = 0, because } = settings.thresholds.down_critical;
  const steps = Math.ceil(forSeconds / stepSeconds) + 20;
  const alert: Alert = {
    name: "RuntimeTargetDown",
    severity: "critical",
    expression: `${maxBy(by, up)} == 0${ours}`,
    forSeconds,
    because: `Not answering for ${spoken(forSeconds)}: ${because}.`,
    summary: "{{ $labels.job }}/{{ $labels.instance }} does not answer",
    description: `Prometheus has not been able to scrape it for ${spoken(forSeconds)} (up is {{ $value | humanize }}).`,
    labels: target,
    cases: [
      {
        says: "a target that answers",
        series: [steady(fake("up"), 1), steady(fake("info"), 1)],
        silentAtSeconds: [forSeconds + 2 * stepSeconds],
      },
      {
        says: "a target that answered for two minutes, and then no more",
        series: [
          { series: fake("up"), values: () => `1+0x7 0+0x${steps}` },
          { series: fake("info"), values: () => `1+0x7 _x${steps}` },
        ],
        value: 0,
        beginsSeconds: 8 * stepSeconds,
      },
    ],
  };
  return {
    id: "down",
    title: "Target is down",
    meaning:
      "Prometheus gets no page from this target: the process is gone, hangs, cannot be reached, or takes longer " +
      "to answer than the scrape's timeout. Nothing else is known of it while that lasts, so no other alert of this " +
      "process can fire.",
    confirm: [
      "The target's page of Prometheus (Status → Targets) tells the error: refused, timeout, or a status.",
      "`curl` the page from where Prometheus runs. If it answers only after seconds, see " +
      "[event loop lag](#event-loop-lag).",
      "Did the whole job go, or one instance? `up` of the same job tells.",
    ],
    act: [
      "Read the last lines of the process' log: out of memory, an unhandled rejection, a failed start.",
      "A timeout with a living process is a blocked loop or a page that is too large: compare " +
      `\`${promql.rate("metrics_scrape_duration_seconds_sum", "5m")}\` from before.`,
      "If it was taken away on purpose, take it out of service discovery as well.",
    ],
    alerts: [alert],
  };
}
