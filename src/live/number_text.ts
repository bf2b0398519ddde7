/**
 * Numbers as they stand in sentences.
 *
 * @module
 */

/** Says a time, such as `420 ms`, `1.8 s` or `12 min`. */
export function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return "longer than is told";
  if (seconds < 0.9995) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Says a share, such as `80%`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
