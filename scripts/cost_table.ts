/**
 * What the documents say of cost, quoted from bench/RESULTS.md.
 *
 * @module
 */

/**
 * Quotes the first table of some sections.
 *
 * @param results bench/RESULTS.md.
 * @param titles The sections.
 * @returns Markdown: each table under its section's first line, which tells the machine and the day.
 * @throws {Error} If a section or its table is missing: the bench has not been run.
 */
export function renderCost(results: string, titles: readonly string[]): string {
  return titles.map((title) => {
    const section = results.split(/^## /m).find((each) => each.startsWith(`${title}\n`));
    const table = section?.split(/\n\n+/).find((block) => block.startsWith("|"));
    if (!section || !table) throw new Error(`Cannot quote results: "${title}" is not in bench/RESULTS.md`);
    return `${title} (${section.split(/\n\n+/)[1]!.split(";")[0]}):\n\n${table.trim()}`;
  }).join("\n\n");
}

/**
 * Quotes the comparison with other ways of measuring lag.
 *
 * @param results bench/RESULTS.md.
 * @returns Markdown: the section without its title.
 * @throws {Error} If it is missing: the bench has not been run.
 */
export function renderComparison(results: string): string {
  return comparisonOf(results).split("\n").slice(1).join("\n").trim();
}

/**
 * Quotes the mean waits of the same comparison: one row for each runtime, one column for each way of measuring.
 *
 * @param results bench/RESULTS.md.
 * @returns Markdown: a table.
 * @throws {Error} If the comparison is missing: the bench has not been run.
 */
export function renderToolComparison(results: string): string {
  const rows = comparisonOf(results).split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const tools = [...new Set(rows.map(([, tool]) => tool!))];
  const runtimes = rows.map(([runtime]) => runtime!).filter((runtime) => runtime !== "");
  // Each runtime's rows follow its own, in the order of the tools.
  const lines = runtimes.map((runtime, index) =>
    [runtime, ...tools.map((_, tool) => rows[index * tools.length + tool]![2])].join(" | ")
  );
  return [
    `| mean wait, ms | ${tools.join(" | ")} |`,
    `| --- |${" ---: |".repeat(tools.length)}`,
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
}

function comparisonOf(results: string): string {
  const section = results.split(/^## /m).find((each) => each.startsWith("Comparison\n"));
  if (!section) throw new Error('Cannot quote results: "Comparison" is not in bench/RESULTS.md');
  return section;
}
