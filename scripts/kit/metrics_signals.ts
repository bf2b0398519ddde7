/**
 * Whether the numbers themselves can be relied on.
 *
 * @module
 */

import { type FakeSeries, growing, steady, stepSeconds } from "./fake_series.ts";
import { maxBy, sumBy } from "./promql.ts";
import type { Alert, Signal, SignalContext } from "./signal.ts";
import { spoken, thresholdAlerts } from "./threshold_alerts.ts";

/** Long enough for what happens once in some scrapes, short enough to end soon after a deployment that mends it. */
const window = "15m";
const windowSteps = 15 * 60 / stepSeconds;

/**
 * Makes the signals.
 *
 * @param context The names and numbers.
 * @returns Stale collection, late copies, dropped label sets and failing sources.
 */
export function metricsSignals(context: SignalContext): Signal[] {
  return [collection(context), lateCopies(context), dropped(context), sourceErrors(context)];
}

function collection(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const stamp = promql.series("metrics_last_collection_timestamp_seconds");
  return {
    id: "collection",
    title: "Collection is stale",
    meaning:
      "The page is served, but what stands on it is old. The age is that at the moment of the scrape, so it does " +
      "not depend on how often is scraped. A process that is scraped itself answers its beat at every scrape; stale " +
      "numbers come from something in between: a Pushgateway that keeps what a process pushed last, a cache before " +
      "the page, or clocks that disagree.",
    confirm: [
      `\`timestamp(${stamp}) - ${stamp}\` is the age in seconds. One that grows by a second each second is a push that ` +
      "has ended; one that stays is a clock that is wrong.",
      "`curl` the page twice: does the timestamp move?",
    ],
    act: [
      "Pushed: is the process still there? Delete its group from the Pushgateway when it ends.",
      "Cached: keep caches away from the page.",
      "Clocks: look at the time synchronisation of both machines.",
      "Pushing less often than every 15 s on purpose: raise `collection_warning`.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "collection",
      names: { warning: "RuntimeCollectionStale", critical: "RuntimeCollectionStopped" },
      measures: [{
        says: "the newest sample",
        expression: maxBy(by, `timestamp(${stamp}) - ${stamp}`),
        fake: (
          value,
        ) => [growing(fake("metrics_last_collection_timestamp_seconds"), 1, -value)],
        samples: 1,
      }],
      summary: "Metrics of {{ $labels.job }}/{{ $labels.instance }} are stale",
      description: "The newest sample was {{ $value | humanizeDuration }} old when it was scraped",
    }),
  };
}

function lateCopies(context: SignalContext): Signal {
  const { promql, by, fake, settings, target } = context;
  const { value: limit, forSeconds = 0, because } = settings.thresholds.copy_late_warning;
  const late = promql.series("copies", 'state="late"');
  const stamp = promql.series("metrics_last_collection_timestamp_seconds");
  const copies = (values: (samples: number) => string): FakeSeries[] => [
    steady(fake("copies", { state: "alive" }), 3),
    { series: fake("copies", { state: "late" }), values },
    steady(fake("copies", { state: "ended" }), 9),
  ];
  const held = Math.ceil(forSeconds / stepSeconds);
  return {
    id: "copies",
    title: "A copy is late",
    meaning:
      "Of the threads and processes that share one page, some do not answer scrapes in time. The page shows them as " +
      "they answered last, so their counters stand still and `rate()` reads less than was done; once they answer " +
      "again, nothing is missing. A copy that is late for minutes hangs, was stopped, or is a thread that was ended by " +
      "`terminate()` and could tell nobody.",
    confirm: [
      `How many, and of how many: \`${promql.series("copies")}\`.`,
      `Which: \`topk(5, timestamp(${stamp}) - ${stamp})\` is how old each copy's numbers are, by its label \`copy\`, ` +
      "which is the process' id unless it was given a name.",
      "`?copy=self` on a port of its own, or `kill -0` and `/proc/PID/status` on its machine, tell whether it lives, and " +
      "whether it was stopped (`T`).",
    ],
    act: [
      "It computes: see [event loop hangs](#event-loop-hangs), and end it if it does not come back.",
      "It was stopped (SIGSTOP, a debugger, a frozen container): continue or end it. One that ends is counted as `ended`, " +
      "and its sums stay.",
      "It lives and is merely slow: its machine has too little CPU, or `deadlineSeconds` of `joinCopies` is too short.",
    ],
    alerts: [{
      name: "RuntimeCopyLate",
      severity: "warning",
      expression: `${maxBy(by, late)} > ${limit}`,
      forSeconds,
      because: `Late for ${spoken(forSeconds)}: ${because}.`,
      summary: "A copy of {{ $labels.job }}/{{ $labels.instance }} is late",
      description: `{{ $value | humanize }} copies have not answered a scrape for ${spoken(forSeconds)}.`,
      labels: target,
      cases: [
        {
          says: "copies that all answer",
          series: copies((samples) => `0x${samples - 1}`),
          silentAtSeconds: [(held + 2) * stepSeconds, (held + 10) * stepSeconds],
        },
        {
          says: "a copy that misses one scrape in four",
          series: copies((samples) => Array.from({ length: samples }, (_, i) => i % 4 === 1 ? "1" : "0").join(" ")),
          silentAtSeconds: [(held + 2) * stepSeconds, (held + 10) * stepSeconds],
        },
        {
          says: "two copies that are late, and come back",
          series: copies((samples) => `0 2x${held + 4} 0x${samples}`),
          value: 2,
          beginsSeconds: stepSeconds,
          endsSeconds: (held + 6) * stepSeconds,
        },
      ],
    }],
  };
}

/**
 * A counter that grew, or that was not there before: one that begins late loses its first increase to `increase()`.
 * What `increase()` adds at the ends of its range is rounded off again, for these are things that are counted.
 */
function grew(context: SignalContext, name: string, label: string): string {
  const { promql, by } = context;
  const labels = [...by, label];
  const counter = promql.series(name);
  return `round(${sumBy(labels, `increase(${counter}[${window}])`)}) > 0\nor\n${
    sumBy(labels, `${counter} unless ${counter} offset ${window}`)
  } > 0`;
}

/** The alert on a counter that ought never to grow. */
function growthAlert(
  context: SignalContext,
  name: string,
  counter: string,
  label: string,
  text: { because: string; summary: string; description: string },
): Alert {
  const { fake, target } = context;
  const value = `some-${label}`;
  const series = fake(counter, { [label]: value });
  return {
    name,
    severity: "warning",
    expression: grew(context, counter, label),
    forSeconds: 0,
    ...text,
    labels: { ...target, [label]: value },
    cases: [
      {
        says: "a counter that stands at 0",
        series: [growing(series, 0)],
        silentAtSeconds: [stepSeconds, (windowSteps + 20) * stepSeconds],
      },
      {
        says: "a counter that appears and stands still again",
        series: [{ series, values: () => `_x4 3+0x${windowSteps + 20}` }],
        value: 3,
        beginsSeconds: 4 * stepSeconds,
        endsSeconds: (4 + windowSteps) * stepSeconds,
      },
      {
        says: "a counter that grows, having been there for longer than is looked back",
        // 17 minutes of nothing, and then 2 in each scrape.
        series: [{ series, values: () => `3+0x${windowSteps + 8} 5+2x200` }],
        value: 2,
        beginsSeconds: (windowSteps + 9) * stepSeconds,
      },
    ],
  };
}

function dropped(context: SignalContext): Signal {
  const { promql } = context;
  return {
    id: "cardinality",
    title: "Label sets are dropped",
    meaning:
      "A family has as many label sets as it may have (`maxLabelSets`, 2,000). What comes newly is counted under " +
      "`_other`: totals stay right, and the process and Prometheus are safe, but the new routes or tenants cannot be " +
      "told apart.",
    confirm: [
      `Which family: \`${promql.series("metrics_dropped_label_sets_total")}\`.`,
      "Which label: `topk(20, count by (route) (…))`, and the same by each other label of that family.",
    ],
    act: [
      "Look for a label whose values come from outside: a path in place of a route's template, an id, a host, a user.",
      "Give raw handlers their `route`, leave the label out (`http.labels`), or group it in `computedLabels`.",
      "If there truly are that many: raise `maxLabelSets`, and look at what Prometheus' memory says.",
      "A restart empties the families.",
    ],
    alerts: [
      growthAlert(context, "RuntimeCardinalityDropped", "metrics_dropped_label_sets_total", "metric", {
        because: "Any growth: what is counted under _other cannot be told apart later.",
        summary: "{{ $labels.job }}/{{ $labels.instance }} has too many label sets",
        description: "{{ $value | humanize }} label sets of {{ $labels.metric }} found no series of their own within " +
          "15m and were counted under _other.",
      }),
    ],
  };
}

function sourceErrors(context: SignalContext): Signal {
  const { promql } = context;
  return {
    id: "source",
    title: "A source of metrics fails",
    meaning:
      "Something that the page is made of threw: a pool's function, a recorder, a metric of the app's own, or a " +
      "reading of the runtime's. Its series are missing while it does; everything else is right. A pool also counts one " +
      "each time that another monitor's pool of the same name takes its place, whose numbers are shown from then on.",
    confirm: [
      `Which source: \`${promql.series("metrics_errors_total")}\`.`,
      "Panels and alerts of what it tells have no data meanwhile, so silence there says nothing.",
    ],
    act: [
      "Call that source by hand, or in a test: a pool that was closed, a client that was replaced, a permission that is " +
      "missing.",
      "Remove the source when what it measures is gone: `monitor.pool()` answers the function for that.",
      "A pool that is sound is shown by two monitors: give one of the two another name.",
    ],
    alerts: [
      growthAlert(context, "RuntimeMetricsSourceFailing", "metrics_errors_total", "source", {
        because: "Any growth: the series of what fails are missing, and an alert on them cannot fire.",
        summary: "A source of metrics of {{ $labels.job }}/{{ $labels.instance }} fails",
        description:
          "Source {{ $labels.source }} threw {{ $value | humanize }} times within 15m; its series are missing.",
      }),
    ],
  };
}
