import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readKitCommand } from "../../scripts/kit/command.ts";
import { createKit } from "../../scripts/kit/files.ts";
import { checkKitOptions, type KitOptions } from "../../scripts/kit/options.ts";
import { readKit, unique } from "../support/kit.ts";

const noFile = (): string => {
  throw new Error("no such file");
};

const flagsIn = (text: string): string[] => unique(text.match(/--[a-zA-Z-]*[a-zA-Z]/g) ?? []).toSorted();
const helpFlags = flagsIn((readKitCommand(["help"], noFile) as { say: string }).say);

describe("wrong options of a kit", () => {
  const cases: [KitOptions | Record<string, unknown>, typeof TypeError | typeof RangeError, string][] = [
    [{ prefix: 1 }, TypeError, "--prefix must be a string, got 1"],
    [
      { prefix: "my-app_" },
      RangeError,
      '--prefix must be letters, digits, _ and :, and not begin with a digit, got "my-app_"',
    ],
    [{ httpPrefix: "1" }, RangeError, "--http-prefix must be letters"],
    [{ jobs: ['a"b'] }, RangeError, "--job must be a text without quotes, backslashes, dollar signs and line breaks"],
    [
      { jobs: [""] },
      RangeError,
      '--job must be a text without quotes, backslashes, dollar signs and line breaks, got ""',
    ],
    [{ labels: ["job"] }, RangeError, '--label must be a label\'s name, and neither job, instance nor le, got "job"'],
    [{ labels: ["a-b"] }, RangeError, "--label must be a label's name"],
    [{ runbook: "docs/runbook.md" }, RangeError, "--runbook must be a URL of http or https without a fragment"],
    [{ runbook: "https://a.example/#b" }, RangeError, "--runbook must be a URL of http or https without a fragment"],
    [{ httpBuckets: [1, 0.5] }, RangeError, "--http-buckets must be rising numbers above 0, got [1,0.5]"],
    [
      { httpBuckets: [0.1, 1] },
      RangeError,
      "threshold latency_slow must be the bound of a bucket, one of 0.1, 1, got 0.5",
    ],
    [
      { thresholds: { lag: 1 } },
      TypeError,
      "unknown threshold; expected one of lag_warning, lag_warning_for, lag_critical",
    ],
    [{ thresholds: { down_critical: 1 } }, TypeError, 'got "down_critical"'],
    [{ thresholds: { pending_warning_for: 1 } }, TypeError, 'got "pending_warning_for"'],
    [{ thresholds: { lag_warning: "0.1" } }, TypeError, 'threshold lag_warning must be a number, got "0.1"'],
    [{ thresholds: { lag_warning: 0 } }, RangeError, "threshold lag_warning must be above 0.0025 and below 4.5, got 0"],
    [
      { thresholds: { lag_critical: 5 } },
      RangeError,
      "threshold lag_critical must be above 0.0025 and below 4.5, got 5",
    ],
    [
      { thresholds: { lag_warning: NaN } },
      RangeError,
      "threshold lag_warning must be above 0.0025 and below 4.5, got null",
    ],
    [
      { thresholds: { lag_warning_for: 1.5 } },
      RangeError,
      "threshold lag_warning_for must be whole seconds of at most a day, got 1.5",
    ],
    [
      { thresholds: { lag_warning: 0.3 } },
      RangeError,
      "threshold lag_warning must not exceed that of critical, 0.2, got 0.3",
    ],
    [
      { thresholds: { saturation_critical: 1 } },
      RangeError,
      "threshold saturation_critical must be above 0 and below 1, got 1",
    ],
    // 14.4 times a budget of 10 % is more than all requests.
    [
      { thresholds: { availability_objective: 0.9 } },
      RangeError,
      "threshold availability_objective must be above 0.931 and below 1, got 0.9",
    ],
    [{ thresholds: { latency_slow: 0.3 } }, RangeError, "threshold latency_slow must be the bound of a bucket"],
  ];
  for (const [options, Class, message] of cases) {
    it(`are refused: ${JSON.stringify(options)}`, () => {
      const error = assertThrows(() => checkKitOptions(options as KitOptions), Class);
      assert(error.message.startsWith("Cannot make kit: ") && error.message.includes(message), error.message);
      // What the user can write: a flag as the help spells it, or the name of a threshold.
      const [, named] = /^Cannot make kit: (?:(--[a-z-]+) must|unknown threshold|threshold \w+ must)/.exec(
        error.message,
      )!;
      assert(named === undefined || helpFlags.includes(named), named);
    });
  }
});

describe("the flags", () => {
  it("are spelled alike in the help, in what refuses an unknown one, and in docs/alerts.md", () => {
    const { message } = assertThrows(() => readKitCommand(["--httpPrefix", "a_"], noFile), TypeError);
    assertEquals(flagsIn(message.replace(/, got .*/, "")), helpFlags);
    assert(message.endsWith('got "--httpPrefix"'), message);
    const docs = readFileSync(new URL("../../docs/alerts.md", import.meta.url), "utf8");
    assertEquals(flagsIn(docs), helpFlags);
  });
});

describe("own numbers", () => {
  it("stand in rules, tests and panels alike", () => {
    const kit = readKit({ thresholds: { lag_warning: 0.07, lag_warning_for: 95 } });
    const { expr, for: held } = kit.rules.find(({ alert }) => alert === "RuntimeEventLoopLagHigh")!;
    assertEquals(expr.match(/> 0\.07\b/g)?.length, 2);
    assertEquals(held, "1m35s");
    assert(kit.text("alerts/runtime-metrics.test.yml").includes("the limit is 70ms for 1m35s."));
    assert(JSON.stringify(kit.dashboard).includes('{"value":0.07,"color":"yellow"}'));
    assert(kit.runbook.includes("> 0.07"));
  });

  it("may name another bucket for what is slow, in either spelling of its bound", () => {
    const matchers = (slow: number, httpBuckets: number[]): string[] =>
      unique(
        readKit({ httpBuckets, thresholds: { latency_slow: slow } }).rules.flatMap(({ expr }) =>
          expr.match(/\ble=[^}]*/g) ?? []
        ),
      );
    assertEquals(matchers(0.3, [0.1, 0.3, 1]), ['le="0.3"']);
    assertEquals(matchers(1, [0.1, 0.3, 1]), ['le=~"1([.]0)?"']);
  });

  it("keep the default ones where they are for the next kit", () => {
    createKit({ thresholds: { lag_warning: 0.07 } });
    assertEquals(checkKitOptions().thresholds.lag_warning.value, 0.05);
  });
});

describe("the command's arguments", () => {
  const files = (args: string[], readText: (path: string) => string = noFile) => {
    const command = readKitCommand(args, readText);
    assert("files" in command);
    return command.files.map(({ path, text }) => `${path}\n${text}`).join("\n");
  };

  it("are the options", () => {
    const options: KitOptions = {
      prefix: "myapp_",
      httpPrefix: "shop_",
      jobs: ["api", "worker"],
      labels: ["namespace"],
      runbook: "https://wiki.example/runbook",
      httpBuckets: [0.1, 0.25, 1],
      thresholds: { lag_warning: 0.1, lag_critical_for: 60, latency_slow: 0.25 },
    };
    const args = [
      ...["kit", "--prefix", "myapp_", "--http-prefix=shop_", "--job", "api", "--job", "worker"],
      ...["--label", "namespace", "--runbook", "https://wiki.example/runbook", "--http-buckets", "0.1,0.25,1"],
      ...["--thresholds", "mine.json", "--threshold", "lag_warning=0.1", "--out", "ops"],
    ];
    const readText = (path: string): string => {
      assertEquals(path, "mine.json");
      return '{ "lag_warning": 0.15, "lag_critical_for": 60, "latency_slow": 0.25 }';
    };
    const expected = createKit(options).map(({ path, text }) => `${path}\n${text}`).join("\n");
    assertEquals(files(args, readText), expected);
  });

  it("may leave out the word before them", () => assertEquals(files(["--out", "a"]), files(["kit", "--out", "a"])));

  it("name the folder", () => {
    const command = readKitCommand(["kit", "--out", "some/folder"], noFile);
    assert("folder" in command);
    assertEquals(command.folder, "some/folder");
  });

  for (const args of [["--help"], ["kit", "--help"], ["-h"], []]) {
    it(`ask for help by ${JSON.stringify(args)}`, () => {
      const command = readKitCommand(args, noFile);
      assert(
        "say" in command && command.say.includes("--threshold NAME=NUMBER") &&
          command.say.includes("lag_warning_for=60"),
      );
    });
  }

  for (
    const [args, message] of [
      [["kit"], "expected a folder to write to, --out FOLDER, got undefined"],
      [["kit", "--out="], 'expected a folder to write to, --out FOLDER, got ""'],
      [["kit", "out"], "unknown argument; expected one of --out, --prefix, --http-prefix, --job"],
      [["kti", "--out", "a"], 'got "kti"'],
      [["kit", "--out"], "--out must have a value, got undefined"],
      [["kit", "--prefix", "--out", "a"], '--prefix must have a value, got "--out"'],
      [["kit", "--out", "a", "--out", "b"], '--out must be given once, got ["a","b"]'],
      [["kit", "--out", "a", "--threshold", "lag_warning"], '--threshold must be NAME=NUMBER, got "lag_warning"'],
      [["kit", "--out", "a", "--threshold", "lag_warning=fast"], 'threshold lag_warning must be a number, got "fast"'],
      [["kit", "--out", "a", "--http-buckets", "1,,2"], '--http-buckets must be a number, got ""'],
      [["kit", "--out", "a", "--thresholds", "none.json"], '--thresholds must name a file of JSON, got "none.json"'],
    ] as const
  ) {
    it(`are refused: ${args.join(" ")}`, () => {
      const error = assertThrows(() => readKitCommand(args, noFile), TypeError);
      assert(error.message.startsWith("Cannot make kit: ") && error.message.includes(message), error.message);
    });
  }

  for (const text of ["[1]", "null", "7"]) {
    it(`are refused with ${text} for thresholds`, () => {
      assertThrows(() => readKitCommand(["--out", "a", "--thresholds", "x"], () => text), TypeError, "got " + text);
    });
  }
});
