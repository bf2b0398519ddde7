import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a document. */
export interface CodeBlock {
  /** The document, from the repository's root. */
  file: string;
  /** The line on which the code begins. */
  line: number;
  /** What stands behind the fence, such as `ts`. */
  language: string;
  /** What stands behind that, such as `recipe`. */
  tag: string;
  code: string;
}

/** The documents that users read. */
export const documents: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(`${root}docs`).filter((name) => name.endsWith(".md")).sort().map((name) => `docs/${name}`),
];

/** Every fenced block of a document. */
export function codeBlocks(file: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: (CodeBlock & { lines: string[] }) | undefined;
  for (const [index, line] of readFileSync(root + file, "utf8").split("\n").entries()) {
    const fence = /^\s*```(\S*) ?(.*)/.exec(line);
    if (!fence) {
      open?.lines.push(line);
    } else if (open) {
      const { lines, ...block } = open;
      blocks.push({ ...block, code: `${lines.join("\n")}\n` });
      open = undefined;
    } else {
      open = { file, line: index + 2, language: fence[1]!, tag: fence[2]!, code: "", lines: [] };
    }
  }
  return blocks;
}

/** The rows of the table that stands behind a heading, cell by cell, without its header. */
export function tableBehind(file: string, heading: string): string[][] {
  const section = readFileSync(root + file, "utf8").split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`));
  const rows = section?.split("\n").filter((line) => line.startsWith("|")) ?? [];
  return rows.slice(2).map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}
