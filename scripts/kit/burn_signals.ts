/**
 * Errors and latency against their objectives: how fast the budget of bad requests burns, over two windows each.
 *
 * The long window tells that it matters, the short one that it still goes on. Factors and windows are those of
 * Google's SRE workbook ("Alerting on SLOs", for an objective over 30 days).
 *
 * @module
 */

import { type FakeSeries, growing, stepSeconds } from "./fake_series.ts";
import { bucketMatcher, sumBy } from "./promql.ts";
import type { Alert, Recording, RuleCase, Severity, Signal, SignalContext } from "./signal.ts";
import { said } from "./threshold_alerts.ts";
import type { Threshold } from "./thresholds.ts";

/** A pair of windows, and how many times too fast the budget must burn in both. */
export interface Burn {
  readonly severity: Severity;
  readonly factor: number;
  readonly long: string;
  readonly longSeconds: number;
  readonly short: string;
  /** What of a month's budget is gone by then. */
  readonly spent: string;
}

/** The pairs: two that wake somebody, and one for the morning. */
export const burns: readonly Burn[] = [
  { severity: "critical", factor: 14.4, longSeconds: 3600, long: "1h", short: "5m", spent: "2%" },
  { severity: "critical", factor: 6, longSeconds: 6 * 3600, long: "6h", short: "30m", spent: "5%" },
  { severity: "warning", factor: 1, longSeconds: 3 * 86_400, long: "3d", short: "6h", spent: "10%" },
];

const windows = ["5m", "30m", "1h", "6h", "3d"] as const;

/** The short window must hold it for two scrapes of a minute, so that one lost scrape tells nothing. */
const forSeconds = 120;

/** A share of bad requests, for so many samples, at so many requests a second. */
type Span = readonly [samples: number, ratio: number, perSecond: number];

/** What requests are good and bad at. */
interface Objective {
  readonly id: string;
  readonly bad: string;
  readonly ratio: Threshold;
  readonly names: Readonly<Record<Severity, string>>;
  /** The rate of bad requests, and of all that were judged. */
  badRate(window: string): string;
  allRate(window: string): string;
  /** Series of which each span's share is bad. */
  fake(spans: readonly Span[]): FakeSeries[];
}

/**
 * Makes the signals.
 *
 * @param context The names and numbers.
 * @returns Errors and latency.
 */
export function burnSignals(context: SignalContext): Signal[] {
  const { settings: { thresholds }, promql } = context;
  const slow = said(thresholds.latency_slow.value, "seconds");
  return [
    {
      ...burnSignal(context, errors(context)),
      title: "Requests fail",
      meaning:
        `More requests fail than the objective allows: ${
          said(thresholds.availability_objective.value, "ratio")
        } of them are to be answered with a status below 500 and to the end. Clients that leave (499) and bad requests ` +
        "(4xx) are not failures of the service. Critical: at this pace the budget of a month is gone within days. " +
        "Warning: it is gone by the end of the month.",
      confirm: [
        `Which route and status: \`sum by (route, status) (${
          promql.rate("http_requests_total", "5m", 'status=~"5.."')
        })\`.`,
        "One instance or all? One alone is a bad machine or a bad deployment of it.",
        "Since when: a deployment, a configuration, a dependency? Compare with the restarts that the dashboard marks.",
      ],
      act: [
        "It began with a deployment: roll it back first, and look for the reason afterwards.",
        "It is a dependency: does it say so itself? Serve without it where that is possible, and stop retrying.",
        '`outcome="error"` with a status of 200 is a body that broke midway: look at streams and upstreams.',
      ],
    },
    {
      ...burnSignal(context, latency(context)),
      title: "Requests are slow",
      meaning:
        `More requests take longer than ${slow} than the objective allows: ${
          said(thresholds.latency_objective.value, "ratio")
        } of them are to be faster, to the end of their bodies. Streams count as long as they take, so leave out routes ` +
        "that are long on purpose.",
      confirm: [
        `Which route: \`${promql.quantile(0.99, "http_request_duration_seconds", ["route"], "5m")}\`.`,
        "All routes at once? Then it is the process: [event loop lag](#event-loop-lag), " +
        "[pools](#pool-saturation), [heap](#heap-is-nearly-full).",
        "Some routes: what do they wait for? Outgoing calls and queries have panels of their own.",
      ],
      act: [
        "Take the load off what is slow: a timeout, a cache, a bound on what is asked for at once.",
        "More instances help when the processes are busy, and harm when the database is.",
        `If ${slow} is not what your users need, set \`latency_slow\` to another bound of the histogram's.`,
      ],
    },
  ];
}

function errors({ settings, promql, jobBy, fake }: SignalContext): Objective {
  const rate = (window: string, ...matchers: string[]): string =>
    sumBy(jobBy, promql.rate("http_requests_total", window, ...matchers));
  const labels = { method: "GET", route: "/", outcome: "completed" };
  return {
    id: "errors",
    bad: "failed",
    ratio: settings.thresholds.availability_objective,
    names: { critical: "RuntimeErrorBudgetBurnFast", warning: "RuntimeErrorBudgetBurnSlow" },
    // What is not good, and not the sum of what is bad: a series of bad ones is missing until the first of them. Where
    // nothing is good, 0 stands in.
    badRate: (window) =>
      `${rate(window)} - (${rate(window, 'status!~"5.."', 'outcome!="error"')} or 0 * ${rate(window)})`,
    allRate: rate,
    fake: (spans) => [
      spanned(
        fake("http_requests_total", { ...labels, status: "200" }),
        spans,
        (ratio, perSecond) => perSecond * (1 - ratio),
      ),
      spanned(
        fake("http_requests_total", { ...labels, status: "503" }),
        spans,
        (ratio, perSecond) => perSecond * ratio,
      ),
    ],
  };
}

function latency({ settings, promql, jobBy, fake }: SignalContext): Objective {
  const name = "http_request_duration_seconds";
  const { latency_objective: ratio, latency_slow: { value: slow } } = settings.thresholds;
  const labels = { method: "GET", route: "/", status: "200" };
  return {
    id: "latency",
    bad: "slow",
    ratio,
    names: { critical: "RuntimeLatencyBudgetBurnFast", warning: "RuntimeLatencyBudgetBurnSlow" },
    badRate: (window) =>
      `${sumBy(jobBy, promql.rate(`${name}_count`, window))} - ${
        sumBy(jobBy, promql.rate(`${name}_bucket`, window, bucketMatcher(slow)))
      }`,
    allRate: (window) => sumBy(jobBy, promql.rate(`${name}_count`, window)),
    fake: (spans) => [
      spanned(
        fake(`${name}_bucket`, { ...labels, le: String(slow) }),
        spans,
        (ratio, perSecond) => perSecond * (1 - ratio),
      ),
      spanned(fake(`${name}_count`, labels), spans, (_, perSecond) => perSecond),
    ],
  };
}

type Burning = Pick<Signal, "id" | "alerts" | "recordings">;

function burnSignal(context: SignalContext, objective: Objective): Burning {
  const { id, bad, ratio } = objective;
  const { settings, promql, jobBy, target } = context;
  const budget = Number((1 - ratio.value).toPrecision(12));
  const least = settings.thresholds.bad_requests_least;
  const metric = promql.name("http_requests_total").replace(/_total$/, "");
  const record = (form: string): string => `${jobBy.join("_")}:${metric}_${bad}:${form}`;
  const recordings = windows.flatMap((window): Recording[] => [
    { name: record(`rate${window}`), expression: objective.badRate(window) },
    { name: record(`ratio_rate${window}`), expression: `${record(`rate${window}`)} / ${objective.allRate(window)}` },
  ]);
  const jobTarget = Object.fromEntries(Object.entries(target).filter(([label]) => jobBy.includes(label)));
  const alerts = (["critical", "warning"] as const).map((severity): Alert => {
    const pairs = burns.filter((burn) => burn.severity === severity);
    return {
      name: objective.names[severity],
      severity,
      expression: pairs.map(({ factor, longSeconds, long, short }) =>
        [
          "(",
          `  ${record(`ratio_rate${long}`)} > ${factor} * ${budget}`,
          `  and ${record(`ratio_rate${short}`)} > ${factor} * ${budget}`,
          `  and ${record(`rate${long}`)} * ${longSeconds} >= ${least.value}`,
          ")",
        ].join("\n")
      ).join("\nor\n"),
      forSeconds,
      because: [
        `Objective ${said(ratio.value, "ratio")}: ${ratio.because}.`,
        ...pairs.map(({ factor, long, short, spent }) =>
          `${factor} times too fast over ${long} and ${short}: ${spent} of a month's budget is gone.`
        ),
        `From ${least.value} ${bad} requests on: ${least.because}.`,
      ].join("\n"),
      summary: `Too many requests of {{ $labels.job }} ${bad === "slow" ? "are slow" : "fail"}`,
      description: `{{ $value | humanizePercentage }} of the requests ${
        bad === "slow" ? `took longer than ${said(settings.thresholds.latency_slow.value, "seconds")}` : "failed"
      } over ${pairs.map(({ long }) => long).join(" or ")}; the objective allows ${said(budget, "ratio")}.`,
      labels: jobTarget,
      cases: pairs.flatMap((pair) => casesOf(objective, pair, budget, least.value)),
    };
  });
  return { id, recordings, alerts };
}

/** Just below and just above a pair's limit, and above it by too few requests. */
function casesOf(objective: Objective, burn: Burn, budget: number, least: number): RuleCase[] {
  const { factor, long, longSeconds } = burn;
  const [low, high] = [factor * budget * 0.98, factor * budget * 1.02];
  // Twice the least between the first two samples, so that it is the ratio alone that decides.
  const perSecond = (2 * least) / (low * stepSeconds);
  // A constant ratio is the same over every window, however little of it has passed. That of the fastest pair would also
  // burn the next pair's budget, so it comes after five calm minutes in which there were as many requests as in three
  // hours, and for little more than its own window.
  const calm = longSeconds === 3600 ? steps(300) : 0;
  const bad = steps(calm > 0 ? 70 * 60 : 1800);
  const spans = (
    ratio: number,
  ): Span[] => [[calm, 0, 40 * perSecond], [bad, ratio, perSecond], [steps(1200), 0, perSecond]];
  const begins = calm > 0 ? calm + steps(3600) : 1;
  return [
    {
      says: `a ratio over ${long} just below ${factor} times the budget`,
      series: objective.fake(spans(low)),
      silentAtSeconds: [(begins + 12) * stepSeconds, (calm + bad) * stepSeconds],
    },
    {
      says: `a ratio over ${long} just above ${factor} times the budget`,
      series: objective.fake(spans(high)),
      value: high,
      beginsSeconds: begins * stepSeconds,
      // The short window forgets within minutes what the long one remembers for an hour.
      ...(calm > 0 && { silentStepsBefore: 2, endsSeconds: (calm + bad + 1) * stepSeconds }),
    },
    {
      says: `a ratio over ${long} above ${factor} times the budget, of too few requests`,
      series: objective.fake([[steps(900), high, (0.98 * least) / high / 900]]),
      silentAtSeconds: [600, 900 - stepSeconds],
    },
  ];
}

const steps = (seconds: number): number => seconds / stepSeconds;

/** A counter that grows at one rate and then at another. */
function spanned(
  series: string,
  spans: readonly Span[],
  rateOf: (ratio: number, perSecond: number) => number,
): FakeSeries {
  let total = 0;
  const parts = spans.filter(([samples]) => samples > 0).map(([samples, ratio, perSecond]) => {
    const rate = rateOf(ratio, perSecond);
    const text = growing(series, rate, total).values(samples);
    total += rate * stepSeconds * samples;
    return text;
  });
  return { series, values: () => parts.join(" ") };
}
