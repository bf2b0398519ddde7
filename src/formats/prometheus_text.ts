/**
 * Prometheus text, version 0.0.4 (and 1.0.0, which is the same with names in quotes).
 *
 * @module
 */

import { type Escaping, quotedName } from "./names.ts";
import type { TextFormat } from "./text_format.ts";

/** Makes the format: no exemplars, no times of creation. */
export function prometheusText(escaping: Escaping): TextFormat {
  return {
    escaping,
    header(name, type, help) {
      const quoted = quotedName(name);
      return `# HELP ${quoted} ${escapeHelp(help)}\n# TYPE ${quoted} ${type}\n`;
    },
    exemplar: undefined,
    created: false,
  };
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (c) => c === "\n" ? "\\n" : "\\\\");
}
