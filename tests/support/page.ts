import { Registry } from "prom-client";
import { createMonitor, type MonitorOptions } from "@rtm/runtime-metrics";

/** A page of metrics, read back. */
export class Page {
  readonly text: string;
  /** The type of each family. */
  readonly types: Map<string, string> = new Map();
  /** Each series as it stands on the page, labels included. */
  readonly series: Map<string, number> = new Map();
  /** The label sets of each name: a page of a thousand routes is asked for them a thousand times. */
  readonly #labels: Map<string, string[]> = new Map();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split("\n")) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type) this.types.set(type[1]!, type[2]!);
      const series = /^([^#\s].*) (\S+)$/.exec(line);
      if (!series) continue;
      if (this.series.has(series[1]!)) throw new Error(`Cannot read page: ${series[1]} stands on it twice`);
      this.series.set(series[1]!, numberOf(series[2]!));
      const [, name, labels] = /^([^{]*)(.*)$/.exec(series[1]!)!;
      const all = this.#labels.get(name!);
      if (all) all.push(labels!);
      else this.#labels.set(name!, [labels!]);
    }
  }

  /** Is there a series of that name, with or without labels? */
  has(name: string): boolean {
    return this.series.has(name) || this.#labels.has(name);
  }

  /** The number of one series, written as it stands on the page: `runtime_pool_active{pool="jobs"}`. */
  value(series: string): number {
    const value = this.series.get(series);
    if (value === undefined) throw new Error(`Cannot read page: ${series} is not on it`);
    return value;
  }

  /** The label sets of a family, as they stand between the braces. */
  labels(name: string): string[] {
    return (this.#labels.get(name) ?? []).filter((labels) => labels !== "");
  }

  /** A histogram's state; `labels` as they stand between the braces, such as `kind="major"`. */
  histogram(name: string, labels = ""): HistogramState {
    const open = `{${labels && `${labels},`}le="`;
    const buckets = this.labels(`${name}_bucket`)
      .filter((each) => each.startsWith(open))
      .map((each) => ({ bound: numberOf(each.slice(open.length, -2)), count: this.value(`${name}_bucket${each}`) }));
    const suffix = labels && `{${labels}}`;
    return { buckets, sum: this.value(`${name}_sum${suffix}`), count: this.value(`${name}_count${suffix}`) };
  }
}

export interface HistogramState {
  /** Cumulative, as on the page. */
  buckets: { bound: number; count: number }[];
  sum: number;
  count: number;
}

/** What was observed between two pages. */
export function difference(after: HistogramState, before: HistogramState): HistogramState {
  return {
    buckets: after.buckets.map(({ bound, count }, i) => ({ bound, count: count - before.buckets[i]!.count })),
    sum: after.sum - before.sum,
    count: after.count - before.count,
  };
}

/** The upper bound of the bucket that holds a quantile. */
export function quantileBucket({ buckets, count }: HistogramState, quantile: number): number {
  return buckets.find((bucket) => bucket.count >= quantile * count)!.bound;
}

export async function scrape(monitor: { handler(): Promise<Response> }): Promise<Page> {
  return new Page(await (await monitor.handler()).text());
}

/**
 * The page of a monitor that lives for this one scrape. What is read from the runtime is kept for a second, so two of
 * these show a change at once where one monitor would show it a second later.
 */
export async function freshPage(options: MonitorOptions = {}): Promise<Page> {
  using monitor = createMonitor({ registry: new Registry(), ...options });
  return await scrape(monitor);
}

function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  const value = Number(text);
  if (Number.isNaN(value)) throw new Error(`Cannot read page: ${text} is no number`);
  return value;
}
