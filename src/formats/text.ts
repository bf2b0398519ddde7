/**
 * Prometheus text, version 0.0.4 (and 1.0.0, which is the same with names in quotes).
 *
 * @module
 */

import type { Dialect } from "./text_format.ts";
import { type Escaping, quotedName } from "./names.ts";

/**
 * Makes the dialect.
 *
 * @param escaping How names are written.
 * @returns The dialect: no exemplars, no times of creation, no last line.
 */
export function textDialect(escaping: Escaping): Dialect {
  return {
    escaping,
    header(name, type, help) {
      const quoted = quotedName(name);
      return `# HELP ${quoted} ${escapeHelp(help)}\n# TYPE ${quoted} ${type}\n`;
    },
    exemplar: undefined,
    created: false,
    end: "",
  };
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (c) => c === "\n" ? "\\n" : "\\\\");
}
