/**
 * What a scraper wants: the format by `Accept`, compression by `Accept-Encoding`, each with its q-values.
 *
 * @module
 */

import type { Format, FormatName } from "../formats/format.ts";
import { escapings } from "../formats/names.ts";

/** What is longer, in characters, no scraper has sent: Prometheus' own is below 400. */
const longestHeader = 4096;

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly q: number;
}

/** What can be had. */
interface Offer {
  readonly name: FormatName;
  readonly type: string;
  readonly version?: string;
  /** What else has to be so where it is said at all. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The type is meant where no version is asked for: the version that every scraper knows. */
  readonly isDefault?: true;
}

/** In the order in which they are preferred where a scraper is indifferent. */
const offers: readonly Offer[] = [
  { name: "text", type: "text/plain", version: "0.0.4", isDefault: true },
  { name: "openmetrics", type: "application/openmetrics-text", version: "1.0.0", isDefault: true },
  { name: "openmetrics", type: "application/openmetrics-text", version: "0.0.1" },
  { name: "text", type: "text/plain", version: "1.0.0" },
  { name: "json", type: "application/json", isDefault: true },
  {
    name: "protobuf",
    type: "application/vnd.google.protobuf",
    parameters: { proto: "io.prometheus.client.MetricFamily", encoding: "delimited" },
  },
];

/**
 * Chooses the format. The highest q wins, then what was named most exactly, then what was named first.
 *
 * Returns text of version 0.0.4 where nothing that was asked for can be had; `wanted` is the query's `format`, which goes
 * before the header.
 */
export function negotiateFormat(accept: string | null, wanted: string | null = null): Format {
  const named = offers.find(({ name }) => name === wanted);
  if (named) return formatOf(named);
  const ranges = parse(accept ?? "");
  const refusals = ranges.filter(({ q }) => q === 0);
  // `text/plain;q=0, */*` refuses text, though the second range would take it.
  const least = offers.map((offer) => Math.max(1, ...refusals.map((range) => match(range, offer))));
  let best: { readonly offer: Offer; readonly exactness: number; readonly range: Range } | undefined;
  for (const range of ranges) {
    for (const [i, offer] of offers.entries()) {
      const exactness = match(range, offer);
      if (range.q === 0 || exactness < least[i]!) continue;
      if (!best || range.q > best.range.q || (range.q === best.range.q && exactness > best.exactness)) {
        best = { offer, exactness, range };
      }
    }
  }
  return formatOf(best?.offer ?? offers[0]!, best?.range.parameters.get("escaping"));
}

/** Was gzip asked for, by name or by `*`, with a q above 0? */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  const codings = parse(acceptEncoding ?? "");
  const q = (...names: string[]): number | undefined => codings.find(({ type }) => names.includes(type))?.q;
  const gzip = q("gzip", "x-gzip") ?? q("*") ?? 0;
  // Who likes the plain page better gets it.
  return gzip > 0 && gzip >= (q("identity") ?? 0);
}

/** How exactly a range names an offer: 0 for not at all, 1 for any type, 2 for any subtype, 3 for the type, 4 for the version. */
function match({ type, parameters }: Range, offer: Offer): number {
  if (type === offer.type) {
    const isSo = ([name, value]: [string, string]): boolean => (parameters.get(name) ?? value) === value;
    if (offer.parameters) return Object.entries(offer.parameters).every(isSo) ? 3 : 0;
    const version = parameters.get("version");
    return version === undefined ? (offer.isDefault ? 3 : 0) : (version === offer.version ? 4 : 0);
  }
  // Whoever takes anything wants something that can be read, of a version that everybody can read.
  if (!offer.isDefault) return 0;
  if (type === `${offer.type.split("/", 1)[0]}/*`) return 2;
  return type === "*/*" || type === "*" ? 1 : 0;
}

function formatOf({ name, type, version, parameters = { charset: "utf-8" } }: Offer, asked?: string): Format {
  const isJson = name === "json";
  const escaping = isJson ? undefined : escapings.find((each) => each === asked);
  const told = Object.entries({ version, ...parameters, escaping }).filter(([, value]) => value !== undefined);
  return {
    name,
    contentType: [type, ...told.map(([key, value]) => `${key}=${value}`)].join("; "),
    // JSON holds every name as it is.
    escaping: escaping ?? (isJson ? "allow-utf-8" : "underscores"),
  };
}

/** A q that is no number from 0 to 1 makes its entry worth nothing. */
function parse(header: string): Range[] {
  if (header.length > longestHeader) return [];
  return split(header, entries).map((entry) => {
    const [type = "", ...rest] = split(entry, parts);
    const parameters = new Map(rest.map((each) => {
      const at = each.indexOf("=");
      const value = each.slice(at + 1).trim();
      return [each.slice(0, at).trim().toLowerCase(), value.replace(/^"(.*)"$/, "$1")] as const;
    }));
    const q = parameters.has("q") ? Number(parameters.get("q") || Number.NaN) : 1;
    return { type: type.toLowerCase(), parameters, q: q >= 0 && q <= 1 ? q : 0 };
  });
}

/** What stands between commas, and between semicolons, that are not in quotes. A quote that is never closed is none. */
const [entries, parts] = [/(?:"[^"]*"|[^,])+/g, /(?:"[^"]*"|[^;])+/g] as const;

function split(text: string, pieces: RegExp): string[] {
  return (text.match(pieces) ?? []).map((piece) => piece.trim()).filter(Boolean);
}
