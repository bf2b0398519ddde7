/**
 * An app's own metrics, asked for while somebody looks at them.
 *
 * @module
 */

import { address } from "./address.ts";
import { h, setText } from "./dom.ts";
import type { CopiesTold, OwnSeries, OwnSeriesTold } from "../../src/live/message.ts";
import { everyCopy } from "./store.ts";
import { Table } from "./tables.ts";
import { count, none, number } from "./words.ts";

/** How often it is asked, in milliseconds. */
const pauseMs = 2000;

/** A series, whose it is, and how fast it grows. */
interface Line extends OwnSeries {
  readonly copy: string;
  readonly perSecond: number | undefined;
}

/** The panel, and the button that shows it. */
export class OwnSeriesPanel {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly #filter = h("input", { type: "search", "aria-label": "Part of a name", placeholder: "part of a name" });
  readonly #note = h("span", { class: "about", role: "status" });
  readonly #table = new Table<Line>(
    "series",
    "The app's own metrics",
    [
      { head: "metric", text: ({ copy, name }) => copy === "" ? name : `${copy}: ${name}`, by: ({ name }) => name },
      { head: "labels", text: ({ labels }) => labels },
      { head: "type", text: ({ type }) => type },
      { head: "value or sum", isNumber: true, text: ({ value }) => number(value), by: ({ value }) => Number(value) },
      { head: "count", isNumber: true, text: (line) => count(line.count), by: (line) => line.count ?? -1 },
      {
        head: "a second",
        isNumber: true,
        text: ({ perSecond }) => perSecond === undefined ? none : number(perSecond),
        by: ({ perSecond }) => perSecond ?? -1,
      },
    ],
    keyOf,
  );
  readonly #picked: () => string;
  #before = new Map<string, number>();
  #beforeAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = 0;

  /** `picked` tells which copy is shown. */
  constructor(picked: () => string) {
    this.#picked = picked;
    this.button = h(
      "button",
      { type: "button", "aria-expanded": "false", "aria-controls": "own", onclick: () => this.#turn() },
      "own metrics",
    );
    this.element = h(
      "section",
      { id: "own", class: "wide" },
      h("h2", {}, "The app's own metrics", this.#filter, this.#note),
      this.#table.element,
    );
    this.element.hidden = true;
    this.#filter.addEventListener("input", () => void this.#ask());
  }

  #turn(): void {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute("aria-expanded", String(!this.element.hidden));
    if (this.element.hidden) return this.#end();
    this.element.scrollIntoView({ block: "nearest" });
    void this.#ask();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#asking++;
    this.#before.clear();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const question = ++this.#asking;
    // Nobody sees it.
    if (document.hidden) return void (this.#timer = setTimeout(() => void this.#ask(), pauseMs));
    try {
      const asked = address({ series: this.#filter.value, copy: everyCopy });
      const response = await fetch(asked, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(String(response.status));
      const told = await response.json() as CopiesTold<OwnSeriesTold>;
      if (question === this.#asking) this.#show(told);
    } catch {
      if (question === this.#asking) setText(this.#note, "no answer");
    }
    if (question === this.#asking) this.#timer = setTimeout(() => void this.#ask(), pauseMs);
  }

  #show({ copies }: CopiesTold<OwnSeriesTold>): void {
    const picked = this.#picked();
    const wanted = copies.filter(({ id }) => picked === everyCopy || picked === id);
    const now = performance.now() / 1000;
    const seconds = now - this.#beforeAt;
    const before = this.#before;
    this.#before = new Map();
    this.#beforeAt = now;
    const lines = wanted.flatMap(({ id, name, told }) =>
      (told?.series ?? []).map((series): Line => {
        const line = { ...series, copy: wanted.length > 1 ? name : "" };
        const key = `${id} ${keyOf(line)}`;
        const value = growing(series);
        const then = before.get(key);
        if (value !== undefined) this.#before.set(key, value);
        return {
          ...line,
          perSecond: value === undefined || then === undefined ? undefined : Math.max(0, value - then) / seconds,
        };
      })
    );
    const all = wanted.reduce((sum, { told }) => sum + (told?.all ?? 0), 0);
    setText(this.#note, all > lines.length ? `${count(lines.length)} of ${count(all)}: name them more closely` : "");
    this.#table.show(lines, "There are none with such a name in the monitor's registry.");
  }
}

function keyOf({ copy, name, labels }: Pick<Line, "copy" | "name" | "labels">): string {
  return JSON.stringify([copy, name, labels]);
}

/** What rises: a counter, or how many observations there were. */
function growing({ type, value, count }: OwnSeries): number | undefined {
  return count ?? (type === "counter" && typeof value === "number" ? value : undefined);
}
