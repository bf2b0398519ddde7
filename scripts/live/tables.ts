/**
 * Tables whose rows stay where they are while their numbers change.
 *
 * @module
 */

import { h, Keyed, setText } from "./dom.ts";

/** One column. */
export interface TableColumn<Item> {
  readonly head: string;
  /** A number stands at the right. */
  readonly isNumber?: true;
  text(item: Item): string;
  /** What the column is sorted by; one without it cannot be. */
  by?(item: Item): number | string;
  /** Its class, such as `critical`. */
  mark?(item: Item): string;
  /** What stands behind the text, made once for each item, and brought up to date where it changes. */
  more?(item: Item): Node | undefined;
  update?(more: Node, item: Item): void;
}

/** What a cell is made of. */
interface Part {
  readonly cell: HTMLElement;
  readonly text: Text;
  readonly more: Node | undefined;
}

/** A table in a place that scrolls. */
export class Table<Item> {
  readonly element: HTMLElement;
  readonly #columns: readonly TableColumn<Item>[];
  readonly #body = h("tbody");
  readonly #table: HTMLTableElement;
  readonly #absent = h("p", { class: "absent" });
  readonly #note = h("p", { class: "note" });
  readonly #heads: HTMLElement[];
  readonly #keyed: Keyed<Item, { nodes: HTMLElement[]; parts: Part[] }>;
  readonly #key: (item: Item) => string;
  #items: readonly Item[] = [];
  #sortedBy: number | undefined;
  #isUp = false;

  constructor(id: string, label: string, columns: readonly TableColumn<Item>[], key: (item: Item) => string) {
    this.#columns = columns;
    this.#key = key;
    this.#heads = columns.map(({ head, isNumber, by }, i) =>
      h(
        "th",
        { scope: "col", class: isNumber ? "n" : "" },
        by ? h("button", { type: "button", onclick: () => this.#sort(i) }, head) : head,
      )
    );
    this.#table = h("table", {}, h("thead", {}, h("tr", {}, ...this.#heads)), this.#body);
    this.element = h(
      "div",
      { id, class: "scroll", tabindex: "0", role: "region", "aria-label": label },
      this.#absent,
      this.#table,
      this.#note,
    );
    this.#note.hidden = true;
    this.#keyed = new Keyed(
      (item) => {
        const parts = columns.map((column): Part => {
          const text = document.createTextNode("");
          const more = column.more?.(item);
          return { cell: h("td", {}, text, ...more ? [" ", more] : []), text, more };
        });
        const nodes: HTMLElement[] = [h("tr", {}, ...parts.map(({ cell }) => cell))];
        return { nodes, parts };
      },
      ({ parts }, item) => {
        for (const [i, { text, mark, isNumber, update }] of columns.entries()) {
          const part = parts[i]!;
          setText(part.text, text(item));
          part.cell.className = [isNumber ? "n" : "", mark?.(item) ?? ""].join(" ").trim();
          if (part.more) update?.(part.more, item);
        }
      },
    );
  }

  /** Shows these items, or why there are none. */
  show(items: readonly Item[], absent: string): void {
    this.#items = items;
    setText(this.#absent, items.length === 0 ? absent : "");
    this.#absent.hidden = items.length > 0;
    this.#table.hidden = items.length === 0;
    this.#draw();
  }

  /** Says something below the table. */
  note(text: string): void {
    setText(this.#note, text);
    this.#note.hidden = text === "";
  }

  #draw(): void {
    const by = this.#sortedBy === undefined ? undefined : this.#columns[this.#sortedBy]!.by!;
    const sign = this.#isUp ? 1 : -1;
    const sorted = by
      ? [...this.#items].sort((a, b) => sign * (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0))
      : this.#items;
    this.#keyed.show(this.#body, sorted, this.#key);
  }

  #sort(column: number): void {
    this.#isUp = this.#sortedBy === column ? !this.#isUp : false;
    this.#sortedBy = column;
    for (const [i, head] of this.#heads.entries()) {
      if (i === column) head.setAttribute("aria-sort", this.#isUp ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    this.#draw();
  }
}
