/**
 * The names of the packages that people come from, and ours.
 *
 * @module
 */

import { seedParity } from "./seed_parity.ts";

/**
 * Writes the table of names.
 *
 * @returns Markdown.
 */
export function renderParityTable(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  return [
    "| from | theirs | ours | note |",
    "| --- | --- | --- | --- |",
    ...seedParity.map(({ seed, theirs, ours, note }) =>
      `| ${seed} | \`${cell(theirs)}\` | ${ours.map((each) => `\`${each}\``).join(", ") || "none"} | ${cell(note)} |`
    ),
  ].join("\n");
}
