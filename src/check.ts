/**
 * The words in which every wrong option is refused: what was expected, and what came.
 *
 * @module
 */

/**
 * Refuses an option: `expected` is such as `prefix must be a string`, and the action is the door's own. Of a secret it does
 * not quote what came, whatever that is: an error ends in a log.
 */
export type Refuse = (
  Class: typeof TypeError | typeof RangeError,
  expected: string,
  got: unknown,
  isSecret?: boolean,
) => never;

/** Makes what refuses the options of one door, such as `Cannot create pusher`. */
export function refuser(action: string): Refuse {
  return (Class, expected, got, isSecret = false) => {
    throw new Class(`${action}: ${expected}, got ${describe(got, isSecret)}`);
  };
}

/** Refuses as if everything were a secret. */
export function hiding(refuse: Refuse): Refuse {
  return (Class, expected, got) => refuse(Class, expected, got, true);
}

export const fail: Refuse = (...wrong) => refuser("Cannot create monitor")(...wrong);

/** What an option may be. */
export interface Kind {
  /**
   * As errors say it, such as `a function`. What they say in parts, or never, is told by the tag `@kind` of the option's
   * type, which is read for docs/options.md alone.
   */
  readonly is?: string;
  /** Refuses what the option may not be. */
  check(value: unknown, name: string, refuse: Refuse): void;
}

/** One option: what it may be, and what it is where nothing was given. */
export interface Option extends Kind {
  readonly default?: unknown;
  /** Is it refused where nothing was given? */
  readonly isNeeded?: boolean;
  /** Is it refused where it is there and undefined? A guard that is missing must not look as if it were there. */
  readonly isGuard?: boolean;
}

/** Every option of an interface, in the order in which people read them. */
export type OptionTable<Options> = Readonly<Record<keyof Options, Option>>;

/**
 * Checks options by their table, and fills defaults in. `path` is where nested ones stand, such as `http`, and `what` one
 * of them is called.
 */
export function checkTable<Options extends object>(
  refuse: Refuse,
  given: Options,
  table: OptionTable<Options>,
  path = "",
  what = "option",
): Options {
  if (!isRecord(given)) refuse(TypeError, `${path || "options"} must be an object`, given, true);
  mustBeKnown(refuse, path ? `${what} in ${path}` : what, Object.keys(given), Object.keys(table));
  for (const [name, option] of Object.entries(table) as [keyof Options & string, Option][]) {
    const value = given[name];
    if (value !== undefined || option.isNeeded || (option.isGuard && name in given)) {
      option.check(value, path ? `${path}.${name}` : name, refuse);
    }
  }
  return withDefaults(table, given);
}

/** Fills the defaults of a table in; what has none and was not given stays absent. */
export function withDefaults<Options extends object>(table: OptionTable<Options>, given: Partial<Options>): Options {
  const settings: Partial<Options> = {};
  for (const name of Object.keys(table) as (keyof Options)[]) {
    const value = given[name] === undefined ? table[name].default as Options[keyof Options] : given[name];
    if (value !== undefined) settings[name] = value;
  }
  return settings as Options;
}

/** Refuses a word that is not among those that are known. */
export function mustBeKnown(refuse: Refuse, what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(TypeError, `unknown ${what}; expected one of ${known.join(", ")}`, unknown);
}

/** What passes a test; everything else is of the wrong kind. */
export function kind(is: string, fits: (value: unknown) => boolean): Kind {
  return {
    is,
    check(value, name, refuse) {
      if (!fits(value)) refuse(TypeError, `${name} must be ${is}`, value);
    },
  };
}

/** What is of a kind and keeps a rule; `rule` is such as `be above 0`. */
export function bounded<Value>(of: Kind, rule: string, fits: (value: Value) => boolean): Kind {
  return {
    ...of,
    check(value, name, refuse) {
      of.check(value, name, refuse);
      if (!fits(value as Value)) refuse(RangeError, `${name} must ${rule}`, value);
    },
  };
}

export const flag: Kind = /* @__PURE__ */ kind("true or false", (value) => typeof value === "boolean");

export const callable: Kind = /* @__PURE__ */ kind("a function", (value) => typeof value === "function");

export function text(is: string, fits: (value: string) => boolean = () => true): Kind {
  return kind(is, (value) => typeof value === "string" && fits(value));
}

export const someText: Kind = /* @__PURE__ */ text("a string with something in it", Boolean);

/** A number in bounds; `range` says them, such as `above 0 and at most 10`. */
export function numeric(range: string, fits: (value: number) => boolean): Kind {
  const aNumber = kind("a number", (value) => typeof value === "number");
  return { ...bounded(aNumber, `be ${range}`, fits), is: `a number ${range}` };
}

/** A number between two that it may be as well. */
export function between(least: number, most: number): Kind {
  return numeric(`from ${least} to ${most}`, (value) => value >= least && value <= most);
}

/** A whole number of at least so much, or up to another that it may be as well. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Kind {
  const bounds = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  const range = `a whole number ${bounds}`;
  const fits = (value: number): boolean => Number.isInteger(value) && value >= least && value <= most;
  return { ...numeric(range, fits), is: range };
}

/** A list whose every item passes a test. */
export function list(items: string, fits: (item: unknown) => boolean): Kind {
  const aList = kind(`a list of ${items}`, Array.isArray);
  return {
    ...aList,
    check(value, name, refuse) {
      aList.check(value, name, refuse);
      for (const item of value as unknown[]) kind(items, fits).check(item, name, refuse);
    },
  };
}

/** Options of their own, by their own table. */
export function group<Options extends object>(table: OptionTable<Options>, what?: string): Kind {
  return { check: (value, name, refuse) => void checkTable(refuse, value as Options, table, name, what) };
}

/** An object whose every entry is checked by itself. */
export function entriesOf(
  check: (key: string, value: unknown, name: string, refuse: Refuse) => void,
): Kind {
  return {
    check(value, name, refuse) {
      // What can be gone through, such as a Map, has its entries elsewhere, and nothing of them would be seen.
      if (!isRecord(value) || Symbol.iterator in value) refuse(TypeError, `${name} must be an object`, value, true);
      for (const [key, each] of Object.entries(value as object)) check(key, each, name, refuse);
    },
  };
}

/** The same option, of which no error shows anything. */
export function hidden<Hides extends Kind>(option: Hides): Hides {
  return { ...option, check: (value, name, refuse) => option.check(value, name, hiding(refuse)) };
}

/** Is this an object? A list is one as well. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Is this an object as one writes options, and no list? */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

function describe(value: unknown, isSecret: boolean): string {
  if (typeof value === "string") return isSecret ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) {
    // A list within a list may be the same one.
    return isSecret ? "a list" : `[${value.map((each) => describe(each, Array.isArray(each))).join(", ")}]`;
  }
  if (typeof value === "function") return "a function";
  if (isObject(value)) return "an object";
  return isSecret && /^(number|bigint|symbol)$/.test(typeof value) ? `a ${typeof value}` : String(value);
}
