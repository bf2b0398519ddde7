/**
 * YAML as a person would write it: expressions in blocks, reasons in comments. Small enough to be bundled.
 *
 * @module
 */

/** What can be written. A map's key `#` is a comment above that map. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/**
 * Writes a document.
 *
 * @param value The document.
 * @returns YAML, with a line break at the end.
 */
export function renderYaml(value: YamlValue): string {
  return `${block(value).join("\n")}\n`;
}

/** The lines of a value that stands by itself. */
function block(value: YamlValue): string[] {
  if (typeof value !== "object") return [scalar(value)];
  const comment = commentOf(value);
  if (isList(value)) return value.flatMap(item);
  return [...comment, ...Object.entries(value).filter(([key]) => key !== "#").flatMap(pair)];
}

function item(value: YamlValue): string[] {
  const lines = block(value);
  const comments = commentOf(value).length;
  return lines.map((line, i) => i < comments ? line : `${i === comments ? "- " : line && "  "}${line}`);
}

function pair([key, value]: [string, YamlValue]): string[] {
  const name = scalar(key);
  if (typeof value === "string" && value.includes("\n")) {
    return [`${name}: |${value.endsWith("\n") ? "" : "-"}`, ...indent(value.replace(/\n$/, "").split("\n"))];
  }
  if (typeof value !== "object") return [`${name}: ${scalar(value)}`];
  if (isList(value)) {
    return value.length === 0 ? [`${name}: []`] : [`${name}:`, ...indent(block(value))];
  }
  return Object.keys(value).length === 0 ? [`${name}: {}`] : [`${name}:`, ...indent(block(value))];
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

function commentOf(value: YamlValue): string[] {
  if (typeof value !== "object" || isList(value) || typeof value["#"] !== "string") return [];
  return value["#"].split("\n").map((line) => `# ${line}`);
}

const indent = (lines: string[]): string[] => lines.map((line) => line && `  ${line}`);

/** Plain where no reader could take it for anything but that text. */
function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z_/$][\w ./()$-]*$/.test(value) && !value.endsWith(" ");
  const meansMore = /^(true|false|yes|no|on|off|null|y|n)$/i.test(value);
  return plain && !meansMore ? value : JSON.stringify(value);
}
