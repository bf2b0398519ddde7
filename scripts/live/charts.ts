/**
 * Charts over time. Hovering over one shows the same moment in all of them.
 *
 * @module
 */

import UPlot from "uplot";
import { h, pictureButton } from "./dom.ts";
import type { Rows } from "./rows.ts";
import { type Colour, colour, onTheme } from "./theme.ts";
import { clock } from "./words.ts";

/** One line of a chart. */
export interface Line {
  readonly label: string;
  readonly column: string;
  readonly colour: Colour;
  /** Divided by the row's seconds. */
  readonly perSecond?: true;
}

/** What a chart shows. */
export interface ChartOptions {
  readonly lines: readonly Line[];
  readonly height: number;
  readonly format: (value: number | undefined) => string;
}

/** A chart with its legend and its table. */
export class Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #place: HTMLElement = h("div", { role: "img" });
  readonly #legend: HTMLElement = h("p", { class: "legend" });
  readonly #table: HTMLElement = h("div", { class: "scroll", tabindex: "0", role: "region" });
  readonly #toggle: HTMLButtonElement;
  #plot: UPlot | undefined;
  #data: UPlot.AlignedData = [[]];
  #range: [number, number] = [0, 1];

  constructor(title: string, options: ChartOptions) {
    this.#options = options;
    this.#toggle = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.#turn() }, "table");
    this.#table.hidden = true;
    this.#table.setAttribute("aria-label", `${title}, as a table`);
    this.element = h(
      "section",
      {},
      h("h2", {}, title, " ", this.#toggle, " ", pictureButton(title, () => this.#place.querySelector("canvas"))),
      this.#legend,
      this.#place,
      this.#table,
    );
    onTheme(() => {
      this.#plot?.destroy();
      this.#plot = undefined;
    });
  }

  /** Shows the rows of a window. */
  show(rows: Rows, from: number, to: number): void {
    const { lines } = this.#options;
    const first = rows.first(from);
    const data: (number | null)[][] = [[], ...lines.map(() => [])];
    const seconds = rows.column("seconds");
    for (let row = first; row < rows.count; row++) {
      data[0]!.push(rows.time(row));
      for (const [i, { column, perSecond }] of lines.entries()) {
        const value = rows.value(row, rows.column(column)) / (perSecond ? rows.value(row, seconds) : 1);
        data[i + 1]!.push(Number.isNaN(value) ? null : value);
      }
    }
    this.#data = data as UPlot.AlignedData;
    this.#range = [from, to];
    if (!this.#plot && this.#place.clientWidth > 0) this.#make();
    this.#plot?.setData(this.#data);
    if (!this.#plot || this.#plot.cursor.idx == null) this.#tell(data[0]!.length - 1);
    if (!this.#table.hidden) this.#fill();
  }

  resize(): void {
    this.#plot?.setSize({ width: this.#place.clientWidth, height: this.#options.height });
  }

  #make(): void {
    const axis = {
      stroke: () => colour("dim"),
      font: "11px system-ui, sans-serif",
      grid: { stroke: () => colour("line"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new UPlot(
      {
        width: this.#place.clientWidth,
        height: this.#options.height,
        legend: { show: false },
        cursor: { sync: { key: "live" }, y: false, drag: { x: false, y: false }, points: { size: 5 } },
        scales: { x: { range: () => this.#range }, y: { range: (_, _least, most) => [0, (most || 1) * 1.1] } },
        axes: [
          { ...axis, size: 22, space: 80, values: (_, times) => times.map((each) => clock(each).slice(0, 5)) },
          { ...axis, size: 52, space: 28, values: (_, values) => values.map((each) => this.#options.format(each)) },
        ],
        series: [
          {},
          ...this.#options.lines.map(({ label, colour: name }) => ({
            label,
            width: 1.5,
            stroke: () => colour(name),
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [({ cursor: { idx } }) => this.#tell(idx ?? this.#data[0].length - 1)] },
      },
      this.#data,
      this.#place,
    );
  }

  #tell(at: number): void {
    const texts = this.#options.lines.map(({ label }, i) => {
      const value = this.#data[i + 1]?.[at];
      return `${label} ${this.#options.format(value ?? undefined)}`;
    });
    this.#legend.replaceChildren(...this.#options.lines.flatMap(({ colour: name }, i) => [
      h("i", { class: name }),
      h("span", {}, texts[i]!),
    ]));
    this.#place.setAttribute("aria-label", texts.join(", "));
  }

  #turn(): void {
    this.#table.hidden = !this.#table.hidden;
    this.#place.hidden = !this.#table.hidden;
    this.#toggle.setAttribute("aria-pressed", String(!this.#table.hidden));
    if (!this.#table.hidden) this.#fill();
  }

  #fill(): void {
    const { lines, format } = this.#options;
    const cells = (texts: readonly string[], name: "th" | "td"): HTMLElement =>
      h("tr", {}, ...texts.map((text, i) => h(name, { class: i === 0 ? "" : "n" }, text)));
    const times = this.#data[0];
    const body: HTMLElement[] = [];
    for (let at = times.length - 1; at >= Math.max(0, times.length - 60); at--) {
      body.push(cells([clock(times[at]!), ...lines.map((_, i) => format(this.#data[i + 1]![at] ?? undefined))], "td"));
    }
    this.#table.replaceChildren(
      h(
        "table",
        {},
        h("thead", {}, cells(["time", ...lines.map(({ label }) => label)], "th")),
        h("tbody", {}, ...body),
      ),
    );
  }
}
