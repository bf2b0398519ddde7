/**
 * The table behind a chart, for who would rather read numbers or cannot see the picture.
 *
 * @module
 */

import { h } from "./dom.ts";

/** How many rows it has: the newest of them. */
export const tableRows = 60;

/** A button that shows a table in a chart's place. */
export class TimeTable {
  readonly element: HTMLElement = h("div", { class: "scroll", tabindex: "0", role: "region" });
  readonly toggle: HTMLButtonElement;
  readonly #rows: () => string[][];
  readonly #heads: readonly string[];

  /** `rows` are asked for when the table is seen; `picture` is hidden then. */
  constructor(title: string, heads: readonly string[], rows: () => string[][], picture: HTMLElement) {
    this.#rows = rows;
    this.#heads = heads;
    this.element.setAttribute("aria-label", `${title}, as a table`);
    this.element.hidden = true;
    this.toggle = h("button", {
      type: "button",
      "aria-pressed": "false",
      "aria-label": `Table of ${title}`,
      onclick: () => {
        this.element.hidden = !this.element.hidden;
        picture.hidden = !this.element.hidden;
        this.toggle.setAttribute("aria-pressed", String(!this.element.hidden));
        this.fill();
      },
    }, "table");
  }

  /** Brings the numbers up to date where they are seen. */
  fill(): void {
    if (this.element.hidden) return;
    const cells = (texts: readonly string[], name: "th" | "td"): HTMLElement =>
      h("tr", {}, ...texts.map((text, i) => h(name, { class: i === 0 ? "" : "n" }, text)));
    this.element.replaceChildren(
      h(
        "table",
        {},
        h("thead", {}, cells(["time", ...this.#heads], "th")),
        h("tbody", {}, ...this.#rows().map((texts) => cells(texts, "td"))),
      ),
    );
  }
}
