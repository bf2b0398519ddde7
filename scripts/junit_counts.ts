/**
 * What a JUnit report of Node, Deno or Bun says: how many tests passed, failed and were skipped.
 *
 * @module
 */

/** Of one run of tests. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** Each test that failed, with the beginning of what it said: at the end of a long log nobody finds it otherwise. */
  failures: string[];
}

/** Counts the innermost tests of a JUnit report, so that a group counts on no runtime. */
export function countCases(report: string): Count {
  const cases = report.split("<testcase").slice(1).map((text) => {
    const body = text.split(/<\/testcase>|\/>\s*<testcase/)[0]!;
    return {
      name: /\bname="([^"]*)"/.exec(body)?.[1] ?? "",
      failed: /<(failure|error)\b/.test(body),
      skipped: /<skipped\b/.test(body),
      message: unescapeXml(/<(?:failure|error)\b[^>]*?\bmessage="([^"]*)"/.exec(body)?.[1] ?? ""),
    };
  });
  // Deno lists a group beside its tests, and names these "group > test".
  const groups = new Set(cases.flatMap(({ name }) => {
    const parts = name.split(" &gt; ");
    return parts.map((_, index) => parts.slice(0, index).join(" &gt; "));
  }));
  const tests = cases.filter(({ name }) => !groups.has(name));
  // Node lists a file without any test as a test that passed.
  const failed = tests.filter((test) => test.failed || /_test\.m?[jt]s$/.test(test.name));
  const skipped = tests.filter((test) => test.skipped).length;
  return {
    passed: tests.length - failed.length - skipped,
    failed: failed.length,
    skipped,
    failures: failed.map(({ name, message }) => `${unescapeXml(name)}: ${message.replace(/\s+/g, " ").slice(0, 300)}`),
  };
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => named[name]!);
}
