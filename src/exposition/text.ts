/**
 * Families as Prometheus text, version 0.0.4.
 *
 * Everything is written by generators, one label set at a time, so that whoever drains them decides how much is written
 * in one go.
 *
 * @module
 */

import { escapeLabelValue, type Family } from "../metrics/family.ts";
import type { Counter, Gauge } from "../metrics/counter.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Sampled } from "../metrics/sampled.ts";
import type { CollectedLike } from "../registry_like.ts";

/** The content type of what is written here. */
export const textContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Labels that a registry gives to every series. */
export type Labels = Readonly<Record<string, string | number>>;

/**
 * Writes one of our own families. Families may come from another copy of this package, so they are told apart by shape.
 *
 * @param family The family.
 * @param more Labels to add, where the family does not have them itself.
 * @returns Pieces of text, the first of them with the header; nothing at all for a family without a series. The
 * generator's result is the number of series.
 */
export function* renderFamily(family: Family, more: Labels): Generator<string, number> {
  const name = family.title;
  const suffix = missingLabels(more, [...family.labelNames, ...Object.keys(family.staticLabels)]);
  const join = (...labels: string[]): string => {
    const text = [...labels, suffix].filter(Boolean).join(",");
    return text && `{${text}}`;
  };
  let head = header(name, family.help, family.type);
  let series = 0;
  if ("lines" in family) {
    for (const [labels, value] of (family as unknown as Sampled).lines()) {
      yield `${head}${name}${join(labels)} ${numberText(value)}\n`;
      head = "";
      series++;
    }
  } else if ("cumulative" in family) {
    const histogram = family as unknown as Histogram;
    const isHistogram = histogram.type === "histogram";
    for (let slot = 0; slot < histogram.slots.size; slot++) {
      const labels = join(histogram.slots.texts[slot]!);
      const counts = histogram.cumulative(slot);
      let text = head;
      head = "";
      if (isHistogram) {
        const open = labels ? `${name}_bucket${labels.slice(0, -1)},le="` : `${name}_bucket{le="`;
        counts.forEach((count, i) => text += `${open}${histogram.bounds[i]}"} ${numberText(count)}\n`);
      }
      text += `${name}_sum${labels} ${numberText(histogram.sum(slot))}\n`;
      text += `${name}_count${labels} ${numberText(counts.at(-1)!)}\n`;
      yield text;
      series += 2 + (isHistogram ? counts.length : 0);
    }
  } else {
    const counter = family as unknown as Counter | Gauge;
    for (let slot = 0; slot < counter.slots.size; slot++) {
      yield `${head}${name}${join(counter.slots.texts[slot]!)} ${numberText(counter.value(slot))}\n`;
      head = "";
      series++;
    }
  }
  return series;
}

/**
 * Writes a metric of somebody else's.
 *
 * @param metric What the metric's `get()` answered.
 * @param more Labels to add, where a series does not have them itself.
 * @returns Pieces of text; the generator's result is the number of series.
 */
export function* renderForeign(metric: CollectedLike, more: Labels): Generator<string, number> {
  yield header(metric.name, metric.help, metric.type);
  let series = 0;
  for (const { value, labels = {}, metricName = metric.name } of metric.values ?? []) {
    const text = [
      ...Object.entries(labels).map(([name, label]) => `${name}="${escapeLabelValue(String(label))}"`),
      missingLabels(more, Object.keys(labels)),
    ].filter(Boolean).join(",");
    yield `${metricName}${text && `{${text}}`} ${numberText(Number(value))}\n`;
    series++;
  }
  return series;
}

function header(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

function missingLabels(labels: Labels, present: readonly string[]): string {
  return Object.entries(labels)
    .filter(([name]) => !present.includes(name))
    .map(([name, value]) => `${name}="${escapeLabelValue(String(value))}"`)
    .join(",");
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (c) => c === "\n" ? "\\n" : "\\\\");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
