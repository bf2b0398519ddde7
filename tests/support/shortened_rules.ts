import { readKit } from "./kit.ts";

/**
 * The kit's own rules look back five minutes and wait for up to five; these are the same ones with every duration a
 * tenth, evaluated every second, so that an alert fires and is over within a minute. `promtool test rules` has the real
 * durations, in tests/e2e/rules_test.ts.
 */
const faster = 10;

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const shorten = (text: string): string =>
  text.replace(
    /(\d+)([smhd])\b/g,
    (_, count: string, unit: keyof typeof seconds) => `${Math.ceil((Number(count) * seconds[unit]) / faster)}s`,
  );

/** Those rules, as a file of Prometheus holds them. */
export function shortenedRules(): object {
  const { groups } = readKit({ jobs: ["api"] }).ruleFile;
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      interval: "1s",
      rules: rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replace(/\[\w+\]|offset \w+/g, shorten).replace(" / 300 ", ` / ${300 / faster} `),
        ...(rule.for !== undefined && { for: shorten(rule.for) }),
      })),
    })),
  };
}
