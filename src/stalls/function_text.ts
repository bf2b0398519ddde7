/**
 * The text of one function in a file, and where it calls another.
 *
 * @module
 */

/** A longer function is not looked at: who reads it finds nothing by a line either. */
const longest = 20_000;

/** A place in a file that is known; both numbers from 1. */
export interface Position {
  readonly line: number;
  /** Absent where only the line is known. */
  readonly column?: number;
}

/** The text of a function, from its parameters on. What stands in comments, strings and regular expressions is blank. */
export interface FunctionText {
  readonly text: string;
  /** The same with nothing blank. */
  readonly raw: string;
  /** Where the text begins, both numbers from 1. */
  readonly line: number;
  readonly column: number;
  readonly lastLine: number;
}

/** Finds the function that begins in this place, both numbers from 1; undefined where no end of it is found. */
export function functionText(source: string, line: number, column: number): FunctionText | undefined {
  let start = 0;
  for (let i = 1; i < line; i++) {
    start = source.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  start += column - 1;
  const rest = source.slice(start, start + longest);
  const text = blanked(rest);
  return text === undefined
    ? undefined
    : { text, raw: rest.slice(0, text.length), line, column, lastLine: line + text.split("\n").length - 1 };
}

/** Where a function calls another one of this name; undefined where it does nowhere, or on several lines. */
export function callOf(name: string, { text, raw, line, column }: FunctionText): Position | undefined {
  const escaped = name.replace(/[^\w]/g, "\\$&");
  // A regular expression that runs is a call of its own.
  const found = name.startsWith("/")
    ? [...raw.matchAll(new RegExp(escaped, "g"))]
    : [...text.matchAll(new RegExp(`(?<![\\w$])${escaped}\\s*(?:\\?\\.\\s*)?(?:<[\\w\\s,.<>[\\]|&]*>\\s*)?\\(`, "g"))];
  const places = found.map(({ index }) => {
    const before = text.slice(0, index).split("\n");
    return {
      line: line + before.length - 1,
      column: (before.length === 1 ? column : 1) + before.at(-1)!.length,
    };
  });
  return places.every((place) => place.line === places[0]!.line) ? places[0] : undefined;
}

/** Behind one of these a slash begins a regular expression. */
const beforeExpression =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield|new|throw))\s*$/;

/**
 * Copies a text up to the end of the function that begins it, with blanks for what is no code.
 *
 * It reads brackets, strings and comments and no grammar: a type that looks like a body is passed, since what follows it
 * cannot follow a function.
 */
function blanked(text: string): string | undefined {
  /** The brackets that are open; `$` is one of a template's, within its quote. */
  const open: string[] = [];
  let code = "";
  const skip = (length: number): void => {
    code += text.slice(code.length, code.length + length).replace(/[^\n]/g, " ");
  };
  while (code.length < text.length) {
    const i = code.length;
    const char = text[i]!;
    if (open.at(-1) === "`") {
      if (char === "`") open.pop(), skip(1);
      else if (char === "$" && text[i + 1] === "{") open.push("$"), skip(2);
      else skip(char === "\\" ? 2 : 1);
      continue;
    }
    const literal = literalAt(text, i, code);
    if (literal > 0) {
      skip(literal);
      continue;
    }
    if (char === "`") {
      open.push(char);
      skip(1);
      continue;
    }
    if ("([{".includes(char)) open.push(char);
    if (")]}".includes(char)) {
      const opened = open.pop();
      if (opened === undefined) return code;
      if (opened === "$") {
        skip(1);
        continue;
      }
      if (opened === "{" && open.length === 0 && !/^(?:\[|\s*(?:[{>|&]|=))/.test(text.slice(i + 1, i + 100))) {
        return `${code}}`;
      }
    }
    // The end of an arrow function without a body.
    if (open.length === 0 && /[;,]/.test(char)) return code;
    code += char;
  }
  return undefined;
}

/** How long the comment, the string or the regular expression is that begins here; 0 where none does. */
function literalAt(text: string, i: number, code: string): number {
  const char = text[i]!;
  const rest = (): string => text.slice(i, i + longest);
  if (char === '"' || char === "'") return /^(["'])(?:\\[^]|(?!\1)[^\\\n])*\1?/.exec(rest())![0].length;
  if (char !== "/") return 0;
  const comment = /^(?:\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))/.exec(rest())?.[0];
  if (comment !== undefined) return comment.length;
  if (!beforeExpression.test(code.slice(-20))) return 0;
  return /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/.exec(rest())?.[0].length ?? 0;
}
