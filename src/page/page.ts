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
import type { Format } from "./negotiation.ts";
import { openMetricsDialect } from "../formats/open_metrics.ts";
import { type Picture, takePicture } from "../gather/family_snapshot.ts";
import { textDialect } from "../formats/text.ts";
import { TitleBook } from "../formats/family_names.ts";
import type { Labels, Written } from "../formats/label_text.ts";

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
  /** After so long without an answer, in seconds, a foreign metric is not asked again before it has answered. */
  readonly hangsAfterSeconds?: number;
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
      const writing = format === "json"
        ? writeJson(picture, titles, this.#labels, isFirst)
        : writeLines(picture, titles, dialect, this.#labels);
      let written: Written;
      try {
        written = yield* writing;
      } catch {
        // What was written of it are whole lines; the others follow.
        this.#failed(picture.name);
        continue;
      }
      const { series, lost } = written;
      if (series > 0 || isForeign(picture)) isFirst = false;
      this.series += series;
      if (lost > 0) this.#failed(picture.name);
    }
    yield format === "json" ? "\n]}\n" : dialect.end;
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
  const { timeoutSeconds, hangsAfterSeconds = timeoutSeconds, names = [] } = options;
  // No turn is waited for before the picture is taken: a scrape that ends a block shows that block, not the beat behind it.
  const begin = runtime.now();
  core?.refresh();
  const wants = (name: string): boolean => names.length === 0 || names.some((each) => isOf(each, name));
  const own = core?.families() ?? [];
  const failed = (name: string): void => core?.self.fail(`metric:${name}`);
  const readForeign = registry
    ? await askForeign(registry, new Set<unknown>(own), { runtime, timeoutSeconds, hangsAfterSeconds, wants, failed })
      .catch(() => {
        core?.self.fail("registry");
        return undefined;
      })
    : undefined;
  // What is read and what is counted must be of one moment, and others have been asked since. Beats are answered again only
  // where that took a while: one that came due meanwhile would take the place of the block that this scrape has ended.
  core?.refresh(runtime.now() - begin > settledSeconds);
  const take = (families: typeof own): Picture[] =>
    families.filter(({ title }) => wants(title)).map((family) => takePicture(family));
  const [taken, fallback] = [take(own), take(core?.fallbackFamilies() ?? [])];
  // Behind our own, since it may take turns of the loop: a beat that comes in one of them is not on this page.
  const pictures = [...taken, ...await readForeign?.() ?? [], ...fallback];
  const instance = core?.runtime.instance?.();
  const labels = { ...(instance !== undefined && { instance }), ...(registry && defaultLabels(registry)) };
  return new Page(source, options, pictures, labels);
}

function isForeign({ kind }: Picture): boolean {
  return kind === "foreign" || kind === "stored";
}

/** Is this the name of the family, of its samples, or that which OpenMetrics gives to a counter? */
function isOf(wanted: string, family: string): boolean {
  if (wanted === family || `${wanted}_total` === family) return true;
  return wanted.startsWith(family) && /^_(bucket|sum|count|created)$/.test(wanted.slice(family.length));
}
