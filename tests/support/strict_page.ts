/**
 * A parser of both text formats that forgives nothing. It shares no line with what writes the page.
 *
 * @module
 */

export interface StrictExemplar {
  labels: Record<string, string>;
  value: number;
  unixSeconds: number | undefined;
}

export interface StrictSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar?: StrictExemplar;
}

export interface StrictFamily {
  name: string;
  type: string;
  help: string;
  unit: string | undefined;
  samples: StrictSample[];
}

const plainName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const number = /^(?:NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/;

/** The suffixes of samples, by type, in OpenMetrics and in the older text. */
const suffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"],
  counter: ["_total", "_created"],
};
const textSuffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/**
 * Reads a page.
 *
 * @param page The whole text.
 * @param format Which of the two formats it is.
 * @returns The families in their order.
 * @throws {Error} If anything on it is not as the format wants it.
 */
export function parseStrictly(page: string, format: "text" | "openmetrics"): StrictFamily[] {
  const isOpen = format === "openmetrics";
  if (isOpen && !page.endsWith("# EOF\n")) throw new Error("the page does not end in # EOF");
  if (page !== "" && !page.endsWith("\n")) throw new Error("the page does not end in a line feed");
  const body = isOpen ? page.slice(0, -"# EOF\n".length) : page;
  const lines = body.split("\n").slice(0, -1);
  const families: StrictFamily[] = [];
  const taken = new Set<string>();
  for (let i = 0; i < lines.length;) {
    const family: StrictFamily = { name: "", type: "", help: "", unit: undefined, samples: [] };
    for (const keyword of isOpen ? ["TYPE", "UNIT", "HELP"] : ["HELP", "TYPE"]) {
      const reader = new Reader(lines[i] ?? "");
      if (!reader.takes(`# ${keyword} `)) {
        if (keyword === "UNIT") continue;
        throw new Error(`expected # ${keyword}, got ${JSON.stringify(lines[i])}`);
      }
      const name = reader.metricName();
      if (family.name !== "" && name !== family.name) throw new Error(`${name} stands amid ${family.name}`);
      family.name = name;
      reader.must(" ");
      if (keyword === "TYPE") family.type = reader.rest();
      else if (keyword === "UNIT") family.unit = reader.rest();
      else family.help = unescape(reader.rest(), isOpen ? /\\([\\n"])/g : /\\([\\n])/g, isOpen);
      i++;
    }
    const known = ["counter", "gauge", "histogram", "summary", isOpen ? "unknown" : "untyped"];
    if (!known.includes(family.type)) throw new Error(`${family.name} has the type ${family.type}`);
    if (family.unit !== undefined && !family.name.endsWith(`_${family.unit}`)) {
      throw new Error(`${family.name} does not end in its unit`);
    }
    const parts = (isOpen ? suffixes : textSuffixes)[family.type] ?? [""];
    for (const name of new Set([family.name, ...parts.map((part) => family.name + part)])) {
      if (taken.has(name)) throw new Error(`${name} is the name of two things`);
      taken.add(name);
    }
    const series = new Set<string>();
    for (; i < lines.length && !lines[i]!.startsWith("# "); i++) {
      const sample = parseSample(lines[i]!, isOpen);
      const part = sample.name.slice(family.name.length);
      if (!sample.name.startsWith(family.name) || !parts.includes(part)) {
        throw new Error(`${sample.name} is no sample of ${family.name}`);
      }
      if (sample.exemplar && !(part === "_bucket" || part === "_total")) {
        throw new Error(`${sample.name} has an exemplar`);
      }
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort(([a], [b]) => a < b ? -1 : 1)]);
      if (series.has(key)) throw new Error(`${lines[i]} stands on the page twice`);
      series.add(key);
      family.samples.push(sample);
    }
    families.push(family);
  }
  return families;
}

function parseSample(line: string, isOpen: boolean): StrictSample {
  const reader = new Reader(line);
  let name: string | undefined;
  const labels: Record<string, string> = {};
  if (!reader.at("{")) name = reader.plain(plainName);
  if (reader.takes("{")) {
    if (name === undefined) {
      name = reader.quoted();
      if (!reader.at("}")) reader.must(",");
    }
    reader.labels(labels);
  }
  reader.must(" ");
  const value = reader.number();
  const sample: StrictSample = { name: name!, labels, value };
  if (isOpen && reader.takes(" # {")) {
    const exemplar: StrictExemplar = { labels: {}, value: 0, unixSeconds: undefined };
    reader.labels(exemplar.labels);
    const characters = Object.entries(exemplar.labels).flat().join("");
    if ([...characters].length > 128) throw new Error(`the exemplar is too long: ${line}`);
    reader.must(" ");
    exemplar.value = reader.number();
    if (reader.takes(" ")) exemplar.unixSeconds = reader.number();
    sample.exemplar = exemplar;
  }
  if (reader.rest() !== "") throw new Error(`something stands behind the number: ${JSON.stringify(line)}`);
  return sample;
}

/** Reads one line from left to right. */
class Reader {
  #rest: string;

  constructor(line: string) {
    this.#rest = line;
  }

  at(text: string): boolean {
    return this.#rest.startsWith(text);
  }

  takes(text: string): boolean {
    if (!this.at(text)) return false;
    this.#rest = this.#rest.slice(text.length);
    return true;
  }

  must(text: string): void {
    if (!this.takes(text)) throw new Error(`expected ${JSON.stringify(text)} before ${JSON.stringify(this.#rest)}`);
  }

  plain(pattern: RegExp): string {
    const found = pattern.exec(this.#rest)?.[0];
    if (!found) throw new Error(`expected ${pattern} at ${JSON.stringify(this.#rest)}`);
    this.#rest = this.#rest.slice(found.length);
    return found;
  }

  quoted(): string {
    const found = /^"((?:[^"\\]|\\[\\n"])*)"/.exec(this.#rest);
    if (!found) throw new Error(`expected a text in quotes at ${JSON.stringify(this.#rest)}`);
    this.#rest = this.#rest.slice(found[0].length);
    return unescape(found[1]!, /\\([\\n"])/g, true);
  }

  metricName(): string {
    return this.at('"') ? this.quoted() : this.plain(plainName);
  }

  /** What stands between the braces, and the closing one. */
  labels(into: Record<string, string>): void {
    while (!this.takes("}")) {
      const name = this.at('"') ? this.quoted() : this.plain(plainLabel);
      if (Object.hasOwn(into, name)) throw new Error(`the label ${name} stands there twice`);
      this.must("=");
      Object.defineProperty(into, name, { value: this.quoted(), enumerable: true });
      if (!this.at("}")) this.must(",");
    }
  }

  number(): number {
    const text = this.plain(number);
    return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
  }

  rest(): string {
    const rest = this.#rest;
    this.#rest = "";
    return rest;
  }
}

function unescape(text: string, escapes: RegExp, quotes: boolean): string {
  const bare = text.replace(escapes, "");
  if (bare.includes("\\") || (quotes && bare.includes('"'))) throw new Error(`not escaped: ${JSON.stringify(text)}`);
  return text.replace(escapes, (_, c: string) => c === "n" ? "\n" : c);
}
