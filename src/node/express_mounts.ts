/**
 * The texts of Express' mounts, where Express keeps none.
 *
 * @module
 */

/** What Express 5 makes of one path; false where another path was asked for. */
export type MatcherLike = (path: string) => false | { readonly path: string; readonly params: object };

/**
 * Tells the text of a mount of Express 5 with router 2.3 and newer, which keeps what it was given.
 *
 * @param path A text, a pattern, or a list of them.
 * @returns Such as `/tenants/:tenant`, without a slash at its end; `/a,/b` for a list.
 */
export function givenText(path: unknown): string {
  if (Array.isArray(path)) return path.map((each) => givenText(each) || "/").join(",");
  return typeof path === "string" ? path.replace(/\/+$/, "") : path instanceof RegExp ? String(path) : "";
}

/**
 * Tells the text of a mount of Express 4, which keeps nothing but the pattern that it made of it.
 *
 * @param pattern The pattern.
 * @param keys Its parameters, in their order.
 * @returns The text, such as `/tenants/:tenant`; a pattern that the app gave stands there as it is written.
 */
export function mountText(pattern: RegExp, keys: readonly { readonly name: string | number }[] = []): string {
  // Between the beginning that path-to-regexp 0.1 gives a text and the end; a list is one of these behind the other.
  const texts = `${pattern.source}|`.match(/\^.*?\\\/\?\(\?=\\\/\|\$\)\|/g);
  if (texts?.join("") !== `${pattern.source}|`) return String(pattern);
  const names = keys.map(({ name }) => name);
  const written = texts.map((text) => writtenText(text.slice(1, -"\\/?(?=\\/|$)|".length), names));
  return written.length > 1 ? written.map((text) => text || "/").join(",") : written[0]!;
}

/** One text again; a parameter of its own pattern has that behind its name, as Express writes it. */
function writtenText(source: string, names: (string | number)[]): string {
  let text = "";
  for (let at = 0; at < source.length;) {
    const group = groupAt(source, at);
    if (group === undefined) {
      if (source[at] === "\\") at++;
      text += source[at++];
      continue;
    }
    at += group.length;
    if (group === "(.*)") {
      names.shift();
      text += "*";
      continue;
    }
    const [, before = "", capture = "", many = ""] =
      /^\(\?:(\\\.)?(?:\\\/)?(\(.*?\))(\(\(\?:.*\)\?\))?\)$/s.exec(group) ?? [];
    const isPlain = capture === "" || /^\(\[\^|^\(\(\?:\(\?!/.test(capture);
    text += `${before && "."}${group.startsWith("(?:\\/") ? "/" : ""}:${names.shift() ?? "*"}`;
    if (!isPlain) text += capture.replaceAll("\\/", "/");
    if (many) text += "*";
    if (source[at] === "?") {
      text += "?";
      at++;
    }
  }
  return text;
}

/** The group that begins there, to its own end. */
function groupAt(source: string, at: number): string | undefined {
  if (source[at] !== "(") return undefined;
  let depth = 0;
  for (let end = at; end < source.length; end++) {
    if (source[end] === "\\") end++;
    else if (source[end] === "(") depth++;
    else if (source[end] === ")" && --depth === 0) return source.slice(at, end + 1);
  }
  return undefined;
}

/** Longer pieces of a path are not looked through. */
const maxProbed = 200;

/**
 * Finds out the text of a mount of Express 5 before router 2.3, which keeps nothing but a function that matches. Each
 * character of a path is changed in turn: where another one changes a parameter it is the client's, else the mount's own.
 *
 * @param matcher The function.
 * @param path A path that it matches.
 * @returns The text; undefined where this path does not tell it. Where the mount takes any case, it is in lower case.
 */
export function probedText(matcher: MatcherLike, path: string): string | undefined {
  const first = matcher(path);
  // What path-to-regexp matches has no prototype; behind a pattern of the app's own anything may be the client's.
  if (!first || Object.getPrototypeOf(first.params) !== null) return undefined;
  const taken = first.path.replace(/\/$/, "");
  // Half of what is encoded is not decoded.
  if (taken.length > maxProbed || taken.includes("%")) return undefined;
  const changedBy = (at: number, other: string): string | undefined => {
    const result = matcher(taken.slice(0, at) + other + taken.slice(at + 1));
    if (!result || result.path.length < taken.length) return undefined;
    const [before, after] = [first.params, result.params] as Record<string, unknown>[];
    const name = Object.keys(after!).find((key) => String(after![key]) !== String(before![key]));
    return name === undefined ? "" : `${Array.isArray(after![name]) ? "*" : ":"}${name}`;
  };
  let [text, parameter] = ["", ""];
  for (const [at, character] of [...taken].entries()) {
    const changed = changedBy(at, character.toLowerCase() === "x" ? "y" : "x");
    if (changed && changed !== parameter) text += changed;
    parameter = changed ?? "";
    if (changed) continue;
    const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
    text += lower !== upper && changedBy(at, character === lower ? upper : lower) === "" ? lower : character;
  }
  return text;
}
