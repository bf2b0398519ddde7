/**
 * Numbers with their units.
 *
 * @module
 */

import type { QuantileBounds } from "../../src/live/quantile.ts";

/** What stands for a number that is not told. */
export const none = "–";

/** A time, such as `420 ms` or `1.8 s`. */
export function time(seconds: number | undefined | null): string {
  if (seconds === undefined || seconds === null || Number.isNaN(seconds)) return none;
  const told = seconds;
  if (told === 0) return "0 ms";
  if (told < 0.0095) return `${(told * 1000).toFixed(1)} ms`;
  if (told < 0.9995) return `${(told * 1000).toFixed(0)} ms`;
  if (told < 99.5) return `${told.toFixed(told < 9.95 ? 2 : 1)} s`;
  return told < 5400 ? `${Math.round(told / 60)} min` : `${(told / 3600).toFixed(1)} h`;
}

/** The bounds that a time lies between, such as `100–250 ms`; a line breaks between the two at most. */
export function between(bounds: QuantileBounds | undefined): string {
  if (bounds === undefined) return none;
  const { above, most } = bounds;
  const [unit, each] = (most === Infinity ? above : most) < 1 ? ["\u00a0ms", 1000] : ["\u00a0s", 1];
  const told = (seconds: number): number => Number((seconds * each).toPrecision(3));
  if (most === Infinity) return `>\u00a0${told(above)}${unit}`;
  return above === 0 ? `≤\u00a0${told(most)}${unit}` : `${told(above)}–${told(most)}${unit}`;
}

/** How long a process has been running, such as `3 h 12 min`. */
export function uptime(seconds: number): string {
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A size, such as `24.1 MiB`. */
export function bytes(size: number | undefined | null): string {
  if (size === undefined || size === null) return none;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(2) : size < 100 && unit > 0 ? size.toFixed(1) : size.toFixed(0)} ${
    units[unit]
  }`;
}

/** A share, such as `12 %`. */
export function percent(share: number | undefined | null): string {
  if (share === undefined || share === null || Number.isNaN(share)) return none;
  const value = share * 100;
  return `${value === 0 ? "0" : value < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
}

/** A rate, such as `12.3 /s`. */
export function rate(perSecond: number | undefined | null): string {
  if (perSecond === undefined || perSecond === null) return none;
  return `${perSecond === 0 ? "0" : perSecond < 10 ? perSecond.toFixed(2) : perSecond.toFixed(0)} /s`;
}

/** A number of anything. */
export function count(value: number | undefined | null): string {
  return value === undefined || value === null ? none : value.toLocaleString("en");
}

/** Any number, with at most four digits that count. */
export function number(value: number | string): string {
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  // Zeros that nobody counts.
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return value.toExponential(3);
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}

/** CPU time for each second, such as `0.24 cores`. */
export function cores(value: number | undefined | null): string {
  return value === undefined || value === null ? none : value.toFixed(2);
}

/** The time of day. */
export function clock(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
