/**
 * Prometheus text, read back: what is pushed in another form is what stands on the page, the app's own metrics included.
 *
 * @module
 */

/** One line of a page. */
export interface PageSeries {
  /** The name as it stands on the line, such as `http_request_duration_seconds_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family with its lines. */
export interface PageFamily {
  readonly name: string;
  readonly help: string;
  /** Such as `counter`; `untyped` where the page does not say. */
  readonly type: string;
  readonly series: PageSeries[];
}

/**
 * Reads a page.
 *
 * @param text Prometheus text, version 0.0.4.
 * @returns The families in the order of the page.
 */
export function readPage(text: string): PageFamily[] {
  const families: PageFamily[] = [];
  let help = "";
  let family: PageFamily | undefined;
  for (const line of text.split("\n")) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/s.exec(line) ?? [];
    if (kind === "HELP") {
      help = unescape(rest!);
    } else if (kind === "TYPE") {
      families.push(family = { name: name!, help, type: rest!, series: [] });
      help = "";
    } else if (line !== "" && !line.startsWith("#")) {
      const series = readSeries(line);
      if (!family || !series.name.startsWith(family.name)) {
        families.push(family = { name: series.name, help: "", type: "untyped", series: [] });
      }
      family.series.push(series);
    }
  }
  return families;
}

// A label may hold a carriage return or a line separator of Unicode; only a line feed ends a line.
function readSeries(line: string): PageSeries {
  const [, name, , labels = "", value] = /^([^\s{]+)(\{(.*)\})?\s+(\S+)/s.exec(line) ?? [];
  if (name === undefined) throw new SyntaxError(`Cannot read page: expected a series, got ${JSON.stringify(line)}`);
  return {
    name,
    labels: Object.fromEntries(
      Array.from(labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g), ([, label, text]) => [label, unescape(text!)]),
    ),
    value: numberOf(value!),
  };
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, (_, c: string) => c === "n" ? "\n" : c);
}

function numberOf(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}
