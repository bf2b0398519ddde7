/**
 * Every beat of the event loop by how long it waited, the blocked share above, collections below.
 *
 * @module
 */

import { h } from "./dom.ts";
import type { Message } from "../../src/live/message.ts";
import type { Rows } from "./rows.ts";
import { colour } from "./theme.ts";
import { clock, percent, time } from "./words.ts";

/** Room for the words at the left, the blocked share at the top and the collections at the bottom, in pixels. */
const [left, top, bottom] = [52, 40, 10];

/** The canvas, and what it tells to who cannot see it. */
export class Heat {
  readonly canvas: HTMLCanvasElement = h("canvas", { id: "heat", role: "img" });

  /** Draws the rows of a window. */
  show(rows: Rows, from: number, to: number, { lagBounds, thresholds }: Message): void {
    const { canvas } = this;
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    context.font = "11px system-ui, sans-serif";
    const levels = lagBounds.length + 1;
    const tall = (height - top - bottom) / levels;
    const place = (unix: number): number => left + Math.max(0, (unix - from) / (to - from)) * (width - left);
    const columns = ["seconds", "blocked", "gc", "lag_0"].map((name) => rows.column(name));
    const [seconds, blocked, gc, lag] = columns as [number, number, number, number];
    let [worst, blockedSum] = [-1, 0];
    context.fillStyle = colour("line");
    for (const y of [top - 4, height - bottom + 2]) context.fillRect(left, y, width - left, 1);
    for (let row = rows.first(from); row < rows.count; row++) {
      const length = rows.value(row, seconds);
      if (!(length > 0)) continue;
      const x = place(rows.time(row) - length);
      const wide = Math.max(1, place(rows.time(row)) - x);
      let all = 0;
      for (let level = 0; level < levels; level++) all += rows.value(row, lag + level) || 0;
      for (let level = 0; level < levels; level++) {
        const beats = rows.value(row, lag + level);
        if (!(beats > 0)) continue;
        worst = Math.max(worst, level);
        const low = lagBounds[level - 1] ?? 0;
        context.fillStyle = colour(
          low >= thresholds.critical ? "critical" : low >= thresholds.warning ? "warning" : "accent",
        );
        context.globalAlpha = 0.2 + 0.8 * Math.sqrt(beats / all);
        context.fillRect(x, height - bottom - (level + 1) * tall, wide + 0.3, tall - 0.5);
      }
      context.globalAlpha = 1;
      const held = rows.value(row, blocked) || 0;
      blockedSum += held;
      const share = Math.min(1, held / length);
      context.fillStyle = colour(
        held >= thresholds.critical ? "critical" : held >= thresholds.warning ? "warning" : "dim",
      );
      context.fillRect(x, top - 4 - share * (top - 8), wide, share * (top - 8));
      const collected = rows.value(row, gc);
      context.fillStyle = colour("dim");
      if (collected > 0.001) context.fillRect(x, height - bottom + 4, Math.max(1, wide / 2), 6);
    }
    context.fillStyle = colour("dim");
    context.textAlign = "right";
    context.fillText("blocked", left - 6, 20);
    for (let level = 0; level < lagBounds.length; level += 2) {
      context.fillText(time(lagBounds[level]), left - 6, height - bottom - (level + 1) * tall + 4);
    }
    const restarts = rows.restarts.filter((unix) => unix > from);
    context.fillStyle = colour("ink");
    context.textAlign = "left";
    for (const unix of restarts) {
      context.fillRect(place(unix), 0, 1, height);
      context.fillText("restart", Math.min(place(unix) + 4, width - 36), 10);
    }
    const longest = worst < 0
      ? "no beat so far"
      : `the longest wait was ${
        lagBounds[worst] === undefined ? `above ${time(lagBounds.at(-1))}` : `at most ${time(lagBounds[worst])}`
      }`;
    canvas.setAttribute(
      "aria-label",
      `Event loop lag: ${longest}; blocked for ${time(blockedSum)}, ${percent(blockedSum / (to - from))} of the time${
        restarts.length > 0 ? `; restarted at ${restarts.map(clock).join(", ")}` : ""
      }`,
    );
    canvas.dataset["worstSeconds"] = worst < 0 ? "" : String(lagBounds[worst] ?? Infinity);
    canvas.dataset["blockedSeconds"] = blockedSum.toFixed(3);
    canvas.dataset["restarts"] = String(restarts.length);
  }
}
