/**
 * Every beat of the event loop by how long it waited, the blocked share above, collections below.
 *
 * @module
 */

import { h, setText } from "./dom.ts";
import type { Message } from "../../src/live/message.ts";
import { momentNow, onMoment, Timeline } from "./moment.ts";
import { pictureButton } from "./picture.ts";
import { firstRow, rowAt, type RowsLike } from "./rows.ts";
import { colour } from "./theme.ts";
import { tableRows, TimeTable } from "./time_table.ts";
import { clock, none, percent, time } from "./words.ts";

/** Room for the words at the left, the blocked share at the top and the collections at the bottom, in pixels. */
const [left, top, bottom] = [52, 40, 12];

const title = "Event loop lag: every beat by how long it waited";

/** The numbers of one row, or of several. */
interface Summary {
  /** The level of the longest wait; -1 where there was no beat. */
  worst: number;
  blockedSeconds: number;
  gcSeconds: number;
  /** How long the time is that they tell of. */
  seconds: number;
}

const nothing: Summary = { worst: -1, blockedSeconds: 0, gcSeconds: 0, seconds: 0 };

/** The panel. */
export class Heat {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement = h("canvas", { id: "heat" });
  readonly #legend: HTMLElement = h("span", { class: "legend" });
  readonly #absent: HTMLElement = h("p", { class: "absent" });
  readonly #timeline: Timeline;
  readonly #table: TimeTable;
  #rows: RowsLike | undefined;
  #range: [from: number, to: number] = [0, 1];
  #bounds: readonly number[] = [];
  #all = nothing;

  constructor() {
    const canvas = this.#canvas;
    this.#timeline = new Timeline(
      "Event loop lag",
      () => ({ left, width: canvas.clientWidth - left }),
      canvas,
    );
    const picture = h("div", {}, this.#timeline.element);
    this.#table = new TimeTable(
      "Event loop lag",
      ["longest wait", "blocked", "collections"],
      () => this.#texts(),
      picture,
    );
    const png = pictureButton(title, () => canvas, () => this.#legend.textContent!, () => this.#range[1]);
    this.element = h(
      "section",
      { class: "wide" },
      h(
        "h2",
        {},
        "Event loop lag",
        h("span", { class: "aside" }, "every beat by how long it waited"),
        this.#legend,
        this.#table.toggle,
        png,
      ),
      this.#absent,
      picture,
      this.#table.element,
    );
    onMoment(() => this.#tell());
  }

  /** Draws the rows of a window. */
  show(rows: RowsLike, from: number, to: number, { lagBounds, thresholds, absent }: Message): void {
    this.#rows = rows;
    this.#range = [from, to];
    this.#bounds = lagBounds;
    setText(this.#absent, absent["lag"] ?? absent["gc"] ?? "");
    this.#absent.hidden = this.#absent.textContent === "";
    this.#timeline.show(from, to);
    this.#draw(rows, thresholds);
    this.#tell();
    this.#table.fill();
  }

  #draw(rows: RowsLike, thresholds: Message["thresholds"]): void {
    const canvas = this.#canvas;
    const [from, to] = this.#range;
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    const levels = this.#bounds.length + 1;
    const tall = (height - top - bottom) / levels;
    const place = (unix: number): number =>
      left + Math.min(1, Math.max(0, (unix - from) / (to - from))) * (width - left);
    const [seconds, lag] = [rows.column("seconds"), rows.column("lag_0")];
    const [ink, dim, line, accent, warning, critical] =
      (["ink", "dim", "line", "accent", "warning", "critical"] as const).map(colour) as [
        ...[string, string, string, string, string, string],
      ];
    const shade = (value: number, otherwise: string): string =>
      value >= thresholds.critical ? critical : value >= thresholds.warning ? warning : otherwise;
    context.fillStyle = line;
    for (const y of [top - 4, height - bottom + 2]) context.fillRect(left, y, width - left, 1);
    const all = { ...nothing };
    for (let row = firstRow(rows, from); row < rows.count && rows.time(row) <= to + 0.5; row++) {
      const length = rows.value(row, seconds);
      if (!(length > 0)) continue;
      const x = place(rows.time(row) - length);
      const wide = Math.max(1, place(rows.time(row)) - x);
      const { worst, blockedSeconds, gcSeconds } = this.#summary(rows, row);
      all.worst = Math.max(all.worst, worst);
      all.blockedSeconds += blockedSeconds;
      all.gcSeconds += gcSeconds;
      all.seconds += length;
      let beatsOfAll = 0;
      for (let level = 0; level < levels; level++) beatsOfAll += rows.value(row, lag + level) || 0;
      for (let level = 0; level < levels; level++) {
        const beats = rows.value(row, lag + level);
        if (!(beats > 0)) continue;
        context.fillStyle = shade(this.#bounds[level - 1] ?? 0, accent);
        context.globalAlpha = 0.2 + 0.8 * Math.sqrt(beats / beatsOfAll);
        context.fillRect(x, height - bottom - (level + 1) * tall, wide + 0.3, tall - 0.5);
      }
      context.globalAlpha = 1;
      const share = Math.min(1, blockedSeconds / length);
      context.fillStyle = shade(blockedSeconds, dim);
      context.fillRect(x, top - 4 - share * (top - 8), wide, share * (top - 8));
      context.fillStyle = dim;
      if (gcSeconds > 0.001) context.fillRect(x, height - bottom + 4, Math.max(1, wide / 2), 6);
    }
    this.#all = all;
    context.fillStyle = dim;
    context.textAlign = "right";
    context.fillText("blocked", left - 6, 20);
    if (levels > 1) context.fillText("gc", left - 6, height - 2);
    for (let level = 1; level < this.#bounds.length; level += 2) {
      context.fillText(time(this.#bounds[level]), left - 6, height - bottom - (level + 1) * tall + 4);
    }
    context.fillStyle = ink;
    context.textAlign = "left";
    for (const unix of this.#restarts()) {
      context.fillRect(place(unix), 0, 1, height);
      context.fillText("restart", Math.min(place(unix) + 4, width - 36), 10);
    }
  }

  #restarts(): number[] {
    return this.#rows!.restarts.filter((unix) => unix > this.#range[0]);
  }

  #summary(rows: RowsLike, row: number): Summary {
    const lag = rows.column("lag_0");
    let worst = -1;
    for (let level = 0; lag >= 0 && level <= this.#bounds.length; level++) {
      if (rows.value(row, lag + level) > 0) worst = level;
    }
    return {
      worst,
      blockedSeconds: rows.value(row, rows.column("blocked")) || 0,
      gcSeconds: rows.value(row, rows.column("gc")) || 0,
      seconds: rows.value(row, rows.column("seconds")),
    };
  }

  #longest(worst: number): string {
    if (worst < 0) return none;
    const bound = this.#bounds[worst];
    return bound === undefined ? `> ${time(this.#bounds.at(-1))}` : `≤ ${time(bound)}`;
  }

  /** Says in words what is seen: at the moment that is pointed at, or all of it. */
  #tell(): void {
    const rows = this.#rows;
    if (!rows) return;
    const moment = momentNow();
    const [from, to] = this.#range;
    const row = moment === undefined ? undefined : rowAt(rows, moment);
    const { worst, blockedSeconds, gcSeconds, seconds } = row === undefined ? this.#all : this.#summary(rows, row);
    // Of what is not known yet, or was missed in a gap, nobody knows whether it was blocked.
    const known = row === undefined && seconds < 0.95 * (to - from) ? ` of ${time(seconds)}` : "";
    const words = [
      moment === undefined ? `last ${time(to - from)}` : clock(moment),
      ...moment !== undefined && row === undefined ? ["nothing is known"] : [
        worst < 0 ? "no beat so far" : `longest wait ${this.#longest(worst)}`,
        `blocked ${time(blockedSeconds)}, ${percent(blockedSeconds / seconds)}${known}`,
        ...rows.column("gc") >= 0 && gcSeconds > 0 ? [`collections ${time(gcSeconds)}`] : [],
      ],
    ];
    const restarts = this.#restarts();
    setText(this.#legend, words.join(" · "));
    this.#timeline.tell(
      [...words, ...restarts.length > 0 ? [`restarted at ${restarts.map(clock).join(", ")}`] : []].join(" · "),
    );
    const { worst: worstOfAll, blockedSeconds: blockedOfAll } = this.#all;
    Object.assign(this.#canvas.dataset, {
      worstSeconds: worstOfAll < 0 ? "" : String(this.#bounds[worstOfAll] ?? Infinity),
      blockedSeconds: blockedOfAll.toFixed(3),
      restarts: String(restarts.length),
    });
  }

  #texts(): string[][] {
    const rows = this.#rows!;
    const texts: string[][] = [];
    const first = firstRow(rows, this.#range[0]);
    for (let row = rows.count - 1; row >= first && texts.length < tableRows; row--) {
      if (!(rows.value(row, rows.column("seconds")) > 0)) continue;
      const { worst, blockedSeconds, gcSeconds } = this.#summary(rows, row);
      texts.push([clock(rows.time(row)), this.#longest(worst), time(blockedSeconds), time(gcSeconds)]);
    }
    return texts;
  }
}
