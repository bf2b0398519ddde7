/**
 * One page: our own families, then everybody else's metrics, as they were at one moment.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { defaultLabels, type RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import { askForeign } from "../gather/foreign.ts";
import { writeJson } from "../formats/json.ts";
import { writeLines } from "../formats/lines.ts";
import type { Format } from "../formats/format.ts";
import { openMetricsDialect } from "../formats/open_metrics.ts";
import { type Picture, takePicture } from "../gather/family_snapshot.ts";
import { textDialect } from "../formats/text.ts";
import { TitleBook } from "../formats/family_names.ts";
import type { Labels, Titles, Written } from "../formats/label_text.ts";
import type { Dialect } from "../formats/text_format.ts";

/** Where the numbers are. */
export interface PageSource {
  readonly runtime: Runtime;
  /** What is measured; undefined to show only the registry. */
  readonly core: Core | undefined;
  /** Where everybody else's metrics are; undefined where there is none. */
  readonly registry: RegistryLike | undefined;
}

/** What is wanted of a page. */
export interface PageOptions {
  readonly format: Format;
  /** How long each foreign metric may take to answer, in seconds. */
  readonly timeoutSeconds: number;
  /** How long each foreign metric may take for the most patient scraper, in seconds. */
  readonly longestSeconds?: number;
  /** Whether OpenMetrics tells when each series began. */
  readonly created?: boolean;
  /** The families that are wanted, by their names or those of their samples; all of them when it is empty. */
  readonly names?: readonly string[];
}

/** For so long the beats that the page's first look has answered are the newest, in seconds. */
const settledSeconds = 0.05;

/** A page that is known but not written yet. */
export class Page {
  readonly #source: PageSource;
  readonly #format: Format;
  readonly #created: boolean;
  readonly #pictures: readonly Picture[];
  readonly #labels: Labels;
  /** How many series have been written. */
  series = 0;

  /** Only {@linkcode takePage} makes these. */
  constructor(
    source: PageSource,
    { format, created = false }: PageOptions,
    pictures: readonly Picture[],
    labels: Labels,
  ) {
    this.#source = source;
    this.#format = format;
    this.#created = created;
    this.#pictures = pictures;
    this.#labels = labels;
  }

  /**
   * Writes the page.
   *
   * @returns Pieces of text, each of at most a few lines.
   */
  *pieces(): Generator<string, void> {
    const { name: format, escaping } = this.#format;
    const dialect = format === "text" ? textDialect(escaping) : openMetricsDialect(escaping, this.#created);
    const book = new TitleBook(format, escaping, this.#pictures);
    let isFirst = true;
    if (format === "json") yield '{"families":[\n';
    for (const picture of this.#pictures) {
      const titles = book.enter(picture);
      if (!titles) {
        // The names that every client uses are an app's own `collectDefaultMetrics()`'s before they are ours.
        if (isForeign(picture)) this.#failed(picture.name);
        continue;
      }
      const { series, lost, isShown } = yield* this.#family(picture, titles, dialect, isFirst);
      if (isShown) isFirst = false;
      this.series += series;
      if (lost > 0) this.#failed(picture.name);
    }
    yield format === "json" ? "\n]}\n" : dialect.end;
  }

  /** A family that cannot be written to its end costs only what is left of it. */
  *#family(
    picture: Picture,
    titles: Titles,
    dialect: Dialect,
    isFirst: boolean,
  ): Generator<string, Written & { isShown: boolean }> {
    const isJson = this.#format.name === "json";
    const pieces = isJson
      ? writeJson(picture, titles, this.#labels, isFirst)
      : writeLines(picture, titles, dialect, this.#labels);
    let isShown = false;
    for (;;) {
      let step: IteratorResult<string, Written>;
      try {
        step = pieces.next();
      } catch {
        if (isJson && isShown) yield "]}";
        return { series: 0, lost: 1, isShown };
      }
      if (step.done) return { ...step.value, isShown };
      isShown = true;
      yield step.value;
    }
  }

  #failed(name: string): void {
    this.#source.core?.self.fail(`metric:${name}`);
  }
}

/**
 * Asks everybody's metrics and takes the picture of all of them.
 *
 * @param source Where the numbers are.
 * @param options What is wanted.
 * @returns The page, ready to be written. What is counted from now on does not change it.
 */
export async function takePage(source: PageSource, options: PageOptions): Promise<Page> {
  const { runtime, core, registry } = source;
  const { timeoutSeconds, longestSeconds = timeoutSeconds, names = [] } = options;
  // No turn is waited for before the picture is taken: a scrape that ends a block shows that block, not the beat behind it.
  const begin = runtime.now();
  core?.refresh();
  const wanted = new Set(names);
  const wants = (name: string): boolean => wanted.size === 0 || namesOf(name).some((each) => wanted.has(each));
  const own = core?.families() ?? [];
  const failed = (name: string): void => core?.self.fail(`metric:${name}`);
  const readForeign = registry
    ? await askForeign(registry, new Set<unknown>(own), { runtime, timeoutSeconds, longestSeconds, wants, failed })
      .catch(() => {
        core?.self.fail("registry");
        return undefined;
      })
    : undefined;
  // What is read and what is counted must be of one moment, and others have been asked since. Beats are answered again only
  // where that took a while: one that came due meanwhile would take the place of the block that this scrape has ended.
  core?.refresh(runtime.now() - begin > settledSeconds);
  const take = (families: typeof own): Picture[] =>
    families.filter(({ title }) => wants(title)).flatMap((family) => {
      try {
        return [takePicture(family)];
      } catch {
        failed(family.title);
        return [];
      }
    });
  const [taken, fallback] = [take(own), take(core?.fallbackFamilies() ?? [])];
  // Behind our own, since it may take turns of the loop: a beat that comes in one of them is not on this page.
  const pictures = [...taken, ...await readForeign?.() ?? [], ...fallback];
  const instance = core?.runtime.instance?.();
  const labels = {
    ...(instance !== undefined && { instance }),
    ...(registry && textsOf(defaultLabels(registry), failed)),
  };
  return new Page(source, options, pictures, labels);
}

function isForeign({ kind }: Picture): boolean {
  return kind === "foreign" || kind === "stored";
}

/** The names by which a family can be asked for: its own, those of its samples, and OpenMetrics' for a counter. */
function namesOf(family: string): string[] {
  const samples = ["", "_bucket", "_sum", "_count", "_created"].map((part) => family + part);
  return family.endsWith("_total") ? [...samples, family.slice(0, -"_total".length)] : samples;
}

/** The labels of a registry may be anything; one that is no text stands on no series. */
function textsOf(labels: Labels, failed: (name: string) => void): Labels {
  return Object.fromEntries(
    Object.keys(labels).flatMap((name) => {
      try {
        return [[name, String(labels[name])]];
      } catch {
        failed("default_labels");
        return [];
      }
    }),
  );
}
