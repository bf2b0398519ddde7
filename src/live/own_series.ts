/**
 * An app's own metrics, read when somebody asks for them.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import type { MonitorAccess } from "../monitor/access.ts";
import type { OwnSeries, OwnSeriesTold } from "./message.ts";

/** The most series that are told: a browser that draws thousands each second stands still. */
const mostSeries = 200;

/** The longest texts that are told, in characters. */
const longestText = 300;

/** How long each metric may take to answer, in seconds. */
const timeoutSeconds = 1;

export async function ownSeries({ gather }: MonitorAccess, part: string): Promise<OwnSeriesTold> {
  const { families } = await gather({ timeoutSeconds, isAlone: true });
  const wanted = families
    .filter(({ name, isForeign }) => isForeign && name.toLowerCase().includes(part.toLowerCase()))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const series: OwnSeries[] = [];
  let all = 0;
  for (const family of wanted) {
    for (let i = 0; i < family.size && series.length < mostSeries; i++) series.push(seriesOf(family, i));
    all += family.size;
  }
  return { series, all };
}

function seriesOf(family: FamilySnapshot, index: number): OwnSeries {
  const labels = Object.entries(family.labels(index)).map(([name, value]) => `${name}="${value}"`).join(", ");
  const common = {
    name: shortened(family.name),
    type: family.type,
    help: shortened(family.help),
    labels: shortened(labels),
  };
  if (family.kind === "numbers") return { ...common, value: told(family.numbers[index]!) };
  return { ...common, value: told(family.sums[index] ?? Number.NaN), count: family.counts[index] };
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}

function told(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
