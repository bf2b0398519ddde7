/**
 * Alerts on a number that exceeds a threshold: one for each severity, each with its tests.
 *
 * @module
 */

import { type FakeSeries, stepSeconds } from "./fake_series.ts";
import type { Alert, RuleCase, Severity, SignalContext } from "./signal.ts";
import type { Threshold, ThresholdName } from "./thresholds.ts";

/** One way to see the number. */
export interface Measure {
  /** What it is, for the names of tests: `the newest beat`. */
  readonly says: string;
  readonly expression: string;
  /** Series that make the expression answer `value`. */
  fake(value: number): FakeSeries[];
  /** How many samples it takes until the expression answers that: 2 for a rate, and a whole window for a lone rate. */
  readonly samples: number;
}

/** What the alerts of one number are made of. */
export interface ThresholdAlertsOptions {
  /** The threshold's name without its severity, such as `lag`. */
  readonly threshold: string;
  readonly names: Readonly<Partial<Record<Severity, string>>>;
  /** Any of them is enough. */
  readonly measures: readonly Measure[];
  /** Labels beside the target's that the alert has in its tests. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What is said of the value, such as `callbacks wait {{ $value | humanizeDuration }}`. */
  readonly description: string;
}

/**
 * Makes the alerts of one number.
 *
 * @param context The names and numbers.
 * @param options What the alerts are made of.
 * @returns The alerts, warning first.
 */
export function thresholdAlerts(context: SignalContext, options: ThresholdAlertsOptions): Alert[] {
  const { threshold, names, measures, labels = {}, summary, description } = options;
  return (["warning", "critical"] as const).flatMap((severity): Alert[] => {
    const name = names[severity];
    if (name === undefined) return [];
    const limit: Threshold = context.settings.thresholds[`${threshold}_${severity}` as ThresholdName];
    const { value, forSeconds = 0, unit, because } = limit;
    return [{
      name,
      severity,
      expression: measures.map(({ expression }) => `${expression} > ${value}`).join("\nor\n"),
      forSeconds,
      because: `Above ${said(value, unit)}: ${because}.`,
      summary,
      description: `${description}; the limit is ${said(value, unit)}${
        forSeconds > 0 ? ` for ${spoken(forSeconds)}` : ""
      }.`,
      labels: { ...context.target, ...labels },
      cases: measures.flatMap((measure) => casesOf(measure, value, forSeconds)),
    }];
  });
}

/** Just below and just above, by a fiftieth: far more than rounding, far less than what matters. */
function casesOf({ says, fake, samples }: Measure, value: number, forSeconds: number): RuleCase[] {
  const [low, high] = [value * 0.98, value * 1.02];
  const beginsSeconds = (samples - 1) * stepSeconds;
  const held = beginsSeconds + Math.ceil(forSeconds / stepSeconds) * stepSeconds;
  return [
    {
      says: `${says} just below`,
      series: fake(low),
      silentAtSeconds: [held + 2 * stepSeconds, held + 10 * stepSeconds],
    },
    {
      says: `${says} just above`,
      series: fake(high),
      value: high,
      beginsSeconds,
    },
  ];
}

/** A number as people say it: `50ms`, `80%`. */
export function said(value: number, unit: Threshold["unit"]): string {
  // Binary fractions leave a tail: 0.07 * 100 is not 7.
  const round = (number: number): string => String(Number(number.toPrecision(6)));
  if (unit === "ratio") return `${round(value * 100)}%`;
  if (unit === "count") return round(value);
  return value < 1 ? `${round(value * 1000)}ms` : spoken(value);
}

/**
 * A duration as Prometheus writes it.
 *
 * @param seconds The duration.
 * @returns It in text, such as `1m30s`.
 */
export function spoken(seconds: number): string {
  if (seconds < 60 || !Number.isInteger(seconds)) return `${Number(seconds.toPrecision(6))}s`;
  const units = [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]] as const;
  let rest = seconds;
  return units.map(([unit, size]) => {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    return whole > 0 ? `${whole}${unit}` : "";
  }).join("");
}
