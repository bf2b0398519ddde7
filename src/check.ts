/**
 * The words in which every wrong option is refused: what was expected, and what came.
 *
 * @module
 */

/** Labels that the formats use themselves. */
const formatLabels: readonly string[] = ["le", "quantile"];

/** Labels that families use themselves. */
const reservedLabels: readonly string[] = [
  "state",
  "kind",
  "pool",
  "source",
  "metric",
  "runtime",
  "version",
  "engine",
  "method",
  "route",
  "status",
  "resource",
  "share",
  "outcome",
  "copy",
];

/** Every label that the metrics use themselves. */
export const ownLabels: readonly string[] = [...formatLabels, ...reservedLabels];

/** Refuses an option: `expected` is such as `prefix must be a string`, and the action is the door's own. */
export type Refuse = (Class: typeof TypeError | typeof RangeError, expected: string, got: unknown) => never;

/** Makes what refuses the options of one door, such as `Cannot create pusher`. */
export function refuser(action: string): Refuse {
  return (Class, expected, got) => {
    throw new Class(`${action}: ${expected}, got ${describe(got)}`);
  };
}

/** Refuses without a word of what came, whatever that is: it may be a secret, and an error ends in a log. */
export function hiding(refuse: Refuse): Refuse {
  return (Class, expected, got) => refuse(Class, expected, new Hidden(got));
}

/** The same option, of which no error shows anything. */
export function hidden<Hides extends Kind>(kind: Hides): Hides {
  return { ...kind, check: (value, name, refuse) => kind.check(value, name, hiding(refuse)) };
}

/** Refuses an option of `createMonitor`. */
export function fail(Class: typeof TypeError | typeof RangeError, expected: string, got: unknown): never {
  return refuser("Cannot create monitor")(Class, expected, got);
}

/** What an option may be. */
export interface Kind {
  /** For people, such as `a number above 0 and at most 10`. */
  readonly is: string;
  /** Refuses what the option may not be; it is asked only for what was given. */
  check(value: unknown, name: string, refuse: Refuse): void;
}

/** One option: what it may be, and what it is where nothing was given. */
export interface Option extends Kind {
  readonly default?: unknown;
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
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    hiding(refuse)(TypeError, `${path || "options"} must be an object`, given);
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(table, name));
  if (unknown !== undefined) {
    const known = Object.keys(table).join(", ");
    refuse(TypeError, `unknown ${what}${path && ` in ${path}`}; expected one of ${known}`, unknown);
  }
  for (const [name, option] of Object.entries(table) as [keyof Options & string, Option][]) {
    if (given[name] !== undefined) option.check(given[name], path ? `${path}.${name}` : name, refuse);
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

/** True or false. */
export const flag: Kind = {
  is: "true or false",
  check: (value, name, refuse) => {
    if (typeof value !== "boolean") refuse(TypeError, `${name} must be true or false`, value);
  },
};

/** A number in bounds; `range` says them, such as `above 0 and at most 10`. */
export function numeric(range: string, fits: (value: number) => boolean): Kind {
  return {
    is: /^an? /.test(range) ? range : `a number ${range}`,
    check(value, name, refuse) {
      if (typeof value !== "number") refuse(TypeError, `${name} must be a number`, value);
      if (!fits(value as number)) refuse(RangeError, `${name} must be ${range}`, value);
    },
  };
}

/** A whole number in bounds; `range` says them, such as `of at least 1`. */
export function whole(range: string, least: number, most: number = Number.MAX_SAFE_INTEGER): Kind {
  return numeric(`a whole number ${range}`, (value) => Number.isInteger(value) && value >= least && value <= most);
}

/** A text. */
export function text(is: string, fits: (value: string) => boolean = () => true): Kind {
  return {
    is,
    check(value, name, refuse) {
      if (typeof value !== "string" || !fits(value)) refuse(TypeError, `${name} must be ${is}`, value);
    },
  };
}

/** A function of the app's. */
export const callable: Kind = {
  is: "a function",
  check: (value, name, refuse) => {
    if (typeof value !== "function") refuse(TypeError, `${name} must be a function`, value);
  },
};

/** Options of their own, by their own table. */
export function group<Options extends object>(table: OptionTable<Options>, what?: string): Kind {
  return {
    is: "options of their own",
    check: (value, name, refuse) => void checkTable(refuse, value as Options, table, name, what),
  };
}

/** An object whose every entry is checked by itself. */
export function entriesOf(
  is: string,
  check: (key: string, value: unknown, name: string, refuse: Refuse) => void,
): Kind {
  return {
    is,
    check(value, name, refuse) {
      // What can be gone through, such as a Map, has its entries elsewhere, and nothing of them would be seen.
      if (typeof value !== "object" || value === null || Symbol.iterator in value) {
        hiding(refuse)(TypeError, `${name} must be an object`, value);
      }
      for (const [key, each] of Object.entries(value as object)) check(key, each, name, refuse);
    },
  };
}

/** Refuses what is no plain object. */
export function mustBeObject(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(TypeError, `${name} must be an object`, value);
  }
}

/** Refuses a word that is not among those that are known. */
export function mustBeKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(TypeError, `unknown ${what}; expected one of ${known.join(", ")}`, unknown);
}

/** Refuses a name that no label can have. */
export function checkLabelName(what: string, name: string, mayBeReserved = false): void {
  if (typeof name !== "string") fail(TypeError, `${what} must be a string`, name);
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith("__")) {
    fail(RangeError, `${what} must be letters, digits and _, and begin with neither a digit nor __`, name);
  }
  if (formatLabels.includes(name) || (!mayBeReserved && reservedLabels.includes(name))) {
    fail(RangeError, `${what} must not be one that the metrics use`, name);
  }
}

/** Refuses labels of one metric that have the same name. */
export function mustDiffer(metric: string, names: readonly string[]): void {
  if (new Set(names).size < names.length) {
    fail(RangeError, `the labels of "${metric}" must have different names`, names);
  }
}

/** Refuses a name that no metric can have. */
export function checkMetricName(what: string, name: string): void {
  if (typeof name !== "string") fail(TypeError, `${what} must be a string`, name);
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    fail(RangeError, `${what} must be letters, digits, _ and :, and not begin with a digit`, name);
  }
}

/**
 * Refuses buckets that do not rise.
 *
 * @param buckets What came; the last may be `Infinity`.
 */
export function checkBuckets(what: string, buckets: readonly number[]): void {
  if (!Array.isArray(buckets)) fail(TypeError, `${what} must be a list of numbers`, buckets);
  buckets.forEach((bound, i) => {
    const isLast = i === buckets.length - 1;
    if (typeof bound !== "number" || Number.isNaN(bound)) fail(TypeError, `${what} must be numbers`, bound);
    if (bound <= (i === 0 ? 0 : buckets[i - 1]!) || (bound === Infinity && !isLast)) {
      fail(RangeError, `${what} must rise and be above 0`, buckets);
    }
  });
}

/** In place of a value that is not shown. */
class Hidden {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

function describe(value: unknown): string {
  if (value instanceof Hidden) return kindOf(value.value);
  if (typeof value === "string") return JSON.stringify(value);
  // A list within a list may be the same one.
  if (Array.isArray(value)) {
    return `[${value.map((each) => Array.isArray(each) ? "a list" : describe(each)).join(", ")}]`;
  }
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return "a list";
  return /^(number|bigint|symbol)$/.test(typeof value) ? `a ${typeof value}` : describe(value);
}
