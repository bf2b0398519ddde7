/**
 * Charts over time.
 *
 * @module
 */

import UPlot from "uplot";
import { h, setText } from "./dom.ts";
import { momentNow, onMoment, Timeline } from "./moment.ts";
import { pictureButton } from "./picture.ts";
import { firstRow, rowAt, type RowsLike } from "./rows.ts";
import { type Colour, colour, onTheme } from "./theme.ts";
import { tableRows, TimeTable } from "./time_table.ts";
import { clock } from "./words.ts";

/** One line of a chart. */
export interface Line {
  readonly label: string;
  readonly column: string;
  readonly colour: Colour;
  /** Divided by the row's seconds. */
  readonly perSecond?: true;
  /** By which name the page says why it is absent. */
  readonly absentAs: string;
}

/** What a chart shows. */
export interface ChartOptions {
  readonly lines: readonly Line[];
  readonly height: number;
  readonly format: (value: number | undefined) => string;
  /** Steps of the axis, where those of tens are odd. */
  readonly steps?: readonly number[];
}

/** A chart with its legend and its table. */
export class Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #place: HTMLElement = h("div");
  readonly #timeline: Timeline;
  readonly #legend: HTMLElement = h("p", { class: "legend" });
  readonly #absent: HTMLElement = h("p", { class: "absent line" });
  readonly #values: HTMLElement[] = [];
  readonly #when: HTMLElement = h("span");
  readonly #limit: HTMLElement = h("span");
  readonly #table: TimeTable;
  #plot: UPlot | undefined;
  #rows: RowsLike | undefined;
  #range: [number, number] = [0, 1];

  constructor(title: string, options: ChartOptions) {
    this.#options = options;
    this.#timeline = new Timeline(title, () => this.#axis(), this.#place);
    const picture = h("div", {}, this.#timeline.element);
    this.#table = new TimeTable(title, options.lines.map(({ label }) => label), () => this.#texts(), picture);
    for (const { colour: name } of options.lines) {
      const value = h("span");
      this.#values.push(value);
      this.#legend.append(h("i", { class: name }), value);
    }
    this.#legend.append(this.#limit, this.#when);
    const png = pictureButton(
      title,
      () => this.#place.querySelector("canvas"),
      () => this.#words().join(" · "),
      () => this.#range[1],
    );
    this.element = h(
      "section",
      {},
      h("h2", {}, title, h("span", { class: "push" }), this.#table.toggle, png),
      this.#legend,
      this.#absent,
      picture,
      this.#table.element,
    );
    onMoment(() => this.#tell());
    onTheme(() => {
      this.#plot?.destroy();
      this.#plot = undefined;
    });
  }

  /** Shows the rows of a window, and why lines are absent. `limit` is said behind the numbers. */
  show(rows: RowsLike, from: number, to: number, absent: Readonly<Record<string, string>>, limit = ""): void {
    this.#rows = rows;
    this.#range = [from, to];
    const { lines } = this.#options;
    const missing = lines.filter(({ absentAs }) => absentAs in absent);
    const reasons = missing.map(({ label, absentAs }) => `No ${label}: ${absent[absentAs]}`).join(" ");
    setText(this.#absent, reasons);
    this.#absent.title = reasons;
    this.#absent.hidden = missing.length === 0;
    this.#timeline.element.hidden = missing.length === lines.length;
    setText(this.#limit, limit);
    for (const [i, line] of lines.entries()) {
      const value = this.#values[i]!;
      value.hidden = (value.previousSibling as HTMLElement).hidden = missing.includes(line);
    }
    const data: (number | null)[][] = [[], ...lines.map(() => [])];
    for (let row = firstRow(rows, from); row < rows.count && rows.time(row) <= to + 0.5; row++) {
      data[0]!.push(rows.time(row));
      for (const [i, line] of lines.entries()) data[i + 1]!.push(this.#value(row, line) ?? null);
    }
    if (!this.#plot && this.#place.clientWidth > 0) this.#make();
    this.#plot?.setData(data as UPlot.AlignedData);
    this.#timeline.show(from, to);
    this.#tell();
    this.#table.fill();
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
    const { lines, height, format, steps } = this.#options;
    const digits = (): number => this.#range[1] - this.#range[0] < 150 ? 8 : 5;
    this.#plot = new UPlot(
      {
        width: this.#place.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { range: () => this.#range }, y: { range: (_, _least, most) => [0, (most || 1) * 1.1] } },
        axes: [
          { ...axis, size: 22, space: 80, values: (_, times) => times.map((each) => clock(each).slice(0, digits())) },
          {
            ...axis,
            size: 52,
            space: 28,
            values: (_, values) => values.map((each) => format(each)),
            ...steps && { incrs: [...steps] },
          },
        ],
        series: [
          {},
          ...lines.map(({ label, colour: name }) => ({
            label,
            width: 1.5,
            stroke: () => colour(name),
            points: { show: false },
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      this.#place,
    );
  }

  #axis(): { left: number; width: number } {
    const { left = 0, width = 1 } = this.#plot?.bbox ?? {};
    return { left: left / devicePixelRatio, width: width / devicePixelRatio };
  }

  #value(row: number, { column, perSecond }: Line): number | undefined {
    const rows = this.#rows!;
    const value = rows.value(row, rows.column(column)) / (perSecond ? rows.value(row, rows.column("seconds")) : 1);
    return Number.isNaN(value) ? undefined : value;
  }

  #words(): string[] {
    return this.#values.filter(({ hidden }) => !hidden).map(({ textContent }) => textContent!);
  }

  /** Says the numbers at the moment that is pointed at, or the newest. */
  #tell(): void {
    const rows = this.#rows;
    if (!rows) return;
    const moment = momentNow();
    const newest = firstRow(rows, this.#range[1] - 0.5);
    const row = moment === undefined ? Math.min(newest, rows.count - 1) : rowAt(rows, moment);
    for (const [i, line] of this.#options.lines.entries()) {
      const value = row === undefined || row < 0 ? undefined : this.#value(row, line);
      setText(this.#values[i]!, `${line.label} ${this.#options.format(value)}`);
    }
    setText(this.#when, moment === undefined ? "" : clock(moment));
    this.#limit.hidden = moment !== undefined;
    this.#timeline.tell([...moment === undefined ? [] : [clock(moment)], ...this.#words()].join(", "));
  }

  #texts(): string[][] {
    const rows = this.#rows!;
    const texts: string[][] = [];
    const first = firstRow(rows, this.#range[0]);
    for (let row = rows.count - 1; row >= first && texts.length < tableRows; row--) {
      texts.push([
        clock(rows.time(row)),
        ...this.#options.lines.map((line) => this.#options.format(this.#value(row, line))),
      ]);
    }
    return texts;
  }
}
