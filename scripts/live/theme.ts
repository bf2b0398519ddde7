/**
 * The colours of the style sheet, for what is drawn.
 *
 * @module
 */

/** The names of colours, as the style sheet declares them. */
export type Colour = "ink" | "dim" | "faint" | "line" | "surface" | "accent" | "warning" | "critical" | "fine";

/** Reads a colour as it is now: the system may have turned from light to dark. */
export function colour(name: Colour): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Calls back when the system turns from light to dark, or back. */
export function onTheme(turned: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", turned);
}
