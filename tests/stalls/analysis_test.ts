import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { CpuProfile, ProfilePiece } from "../../src/runtime/profiler.ts";
import { analyse } from "../../src/stalls/analysis.ts";
import { HeldLines } from "../../src/stalls/held_line.ts";
import { cutProfile } from "../../src/stalls/profile_text.ts";

const app = "file:///app/report%20s.ts";
const places: Record<string, [url: string, line: number]> = {
  handler: [app, 4],
  parse: [app, 9],
  render: [app, 19],
  print: [app, 29],
  listen: ["node:net", 99],
  compose: ["file:///app/node_modules/hono/dist/compose.js", 2],
  native: ["", -1],
};

/** A profile that took one of these call paths, such as `listen handler`, at each sample, 10 ms apart. */
function profileOf(paths: readonly string[]): ProfilePiece {
  type Node = { id: number; callFrame: CpuProfile["nodes"][number]["callFrame"]; children: number[] };
  const frame = (functionName: string): Node["callFrame"] => {
    const [url, lineNumber] = places[functionName] ?? ["", -1];
    return { functionName, scriptId: "1", url, lineNumber, columnNumber: lineNumber < 0 ? -1 : 7 };
  };
  const nodes: Node[] = [{ id: 1, callFrame: frame("(root)"), children: [] }];
  const samples = paths.map((path) =>
    path.split(/ (?!collector)/).reduce((parent, name) => {
      const found = nodes[parent - 1]!.children.find((id) => nodes[id - 1]!.callFrame.functionName === name);
      if (found !== undefined) return found;
      const id = nodes.length + 1;
      nodes.push({ id, callFrame: frame(name), children: [] });
      nodes[parent - 1]!.children.push(id);
      return id;
    }, 1)
  );
  const profile = { nodes, samples, timeDeltas: samples.map(() => 10_000), startTime: 5e6, endTime: 9e6 };
  return { profile, beganAt: 100, endedAt: 100 + samples.length / 100 };
}

const times = (count: number, path: string): string[] => Array.from({ length: count }, () => path);

const find = (paths: readonly string[], from = 100, to = 100 + paths.length / 100) =>
  analyse(profileOf(paths), from + 0.001, to + 0.001, 0.01, {
    origin: () => undefined,
    lines: new HeldLines({ originOfLine: () => undefined, source: () => undefined }),
  });

describe("analyse", () => {
  it("names the innermost function of the app's own, and tells every other", () => {
    const { culprit, frames } = find(times(20, "listen compose handler parse native"));
    assertEquals(culprit, { functionName: "parse", file: "/app/report s.ts", line: 10, column: 8, share: 1 });
    assertEquals(frames.map(({ functionName }) => functionName), ["native", "parse", "handler", "compose", "listen"]);
    assertEquals(frames[0], { functionName: "native", share: 1 });
  });

  it("names who calls, where the time spreads over several", () => {
    const { culprit, frames } = find([
      ...times(4, "listen handler parse"),
      ...times(3, "listen handler render"),
      ...times(3, "listen handler print"),
    ]);
    assertEquals(culprit?.functionName, "handler");
    assertEquals(frames.map(({ functionName }) => functionName), ["handler", "listen", "parse", "render", "print"]);
    assertAlmostEquals(frames[2]!.share, 0.4, 0.01);
  });

  it("takes collections for the doing of who was under way, and what nobody ran for nobody's", () => {
    const paths = [...times(3, "handler parse"), ...times(6, "(garbage collector)"), "handler parse"];
    const { culprit, frames } = find([...times(5, "(idle)"), ...paths], 100.05, 100.15);
    assertEquals([culprit?.functionName, culprit?.share.toFixed(6)], ["parse", "1.000000"]);
    assertEquals(frames.length, 2);
  });

  it("looks only at the time of the stall", () => {
    const { culprit } = find([...times(50, "render"), ...times(10, "parse"), ...times(50, "print")], 100.5, 100.6);
    assertEquals([culprit?.functionName, culprit?.share.toFixed(6)], ["parse", "1.000000"]);
  });

  it("falls back to what is named, where nothing of the app's own was seen", () => {
    assertEquals(find(times(10, "listen compose native")).culprit?.functionName, "native");
  });

  it("accuses nobody where none had a good part in it, or nobody looked", () => {
    const spread = ["handler", "parse", "render", "print"].flatMap((name) => times(5, name));
    assertEquals(find(spread).culprit, undefined);
    // The process stood still for two seconds: the sample at its end says nothing of them.
    assertEquals(find(times(10, "parse"), 100, 102.1).culprit, undefined);
  });
});

describe("cutProfile", () => {
  it("keeps the samples of the stall, their calls and their time", () => {
    const { profile } = profileOf([...times(5, "render"), ...times(3, "handler parse"), ...times(5, "print")]);
    const { nodes, samples, timeDeltas, startTime, endTime } = cutProfile(profile, { first: 5, end: 8 });
    assertEquals(nodes.map(({ callFrame }) => callFrame.functionName), ["(root)", "handler", "parse"]);
    assertEquals(nodes[0]!.children, [nodes[1]!.id]);
    assertEquals([samples.length, timeDeltas.length, nodes[2]!.hitCount], [3, 3, 3]);
    assertEquals([startTime, endTime], [5_050_000, 5_080_000]);
  });

  it("thins a long one out, and loses no time", () => {
    const { profile } = profileOf(times(9001, "handler parse"));
    const { samples, timeDeltas } = cutProfile(profile, { first: 0, end: 9001 });
    assertEquals(samples.length, 1801);
    assertEquals(timeDeltas.reduce((sum, each) => sum + each, 0), 90_010_000);
  });
});
