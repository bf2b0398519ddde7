import { afterEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import type { Core } from "../../src/core/core.ts";
import { answerOthers, copiesOf } from "../../src/gather/other_copies.ts";
import { accessTo } from "../../src/monitor/access.ts";
import { Questions } from "../../src/copies/questions.ts";
import type { MessageHead } from "../../src/copies/message.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { until } from "../support/until.ts";

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

function startCopy(copy: string): Core {
  const monitor = createMonitor({ registry: new Registry(), collect: { gc: false, canary: false } });
  joinCopies(monitor, { group: "questions", copy, deadlineSeconds: 2 });
  stops.push(() => monitor.stop());
  return accessTo(monitor, "Cannot test").core()!;
}

describe("a door's question to another copy", () => {
  it("is answered by the one that was asked, by its name", async () => {
    // As a server would.
    const alive = setInterval(() => {}, 1000);
    stops.push(() => clearInterval(alive));
    const [a, b, c] = ["a", "b", "c"].map(startCopy) as [Core, Core, Core];
    for (const [core, name] of [[b, "b"], [c, "c"]] as const) {
      answerOthers(core, "live", (text) => Promise.resolve(`${name} heard ${text}`));
    }
    answerOthers(c, "live", () => Promise.reject(new Error("not now")));
    const living = await until(
      () => Promise.resolve(copiesOf(a)!.living()),
      (copies) => copies.length === 3,
    );
    assertEquals(living.map(({ name }) => name), ["a", "b", "c"]);
    assertEquals(new Set(living.map(({ process }) => process)).size, 1);
    const [, toB, toC] = living.map(({ id }) => id);
    assertEquals(await copiesOf(a)!.question(toB!, "live", "?since=0"), "b heard ?since=0");
    assertEquals(await copiesOf(a)!.question(toB!, "other", "?"), undefined);
    assertEquals(await copiesOf(a)!.question(toC!, "live", "?"), undefined);
  });

  it("waits no longer than the deadline, and believes only whom it was put to", async () => {
    const runtime = new FakeRuntime();
    const posted: Partial<MessageHead>[] = [];
    const questions = new Questions({
      runtime,
      deadlineSeconds: 0.5,
      post: (_, more) => void posted.push(more),
      failed: () => undefined,
      answerOf: () => undefined,
    });
    const head = (from: string, round: number, text?: string): MessageHead => ({
      ...{ version: 1, group: "default", kind: "answer", from, at: 0, reports: 0, round },
      ...(text !== undefined && { text }),
    });
    const first = questions.ask("b", "live", "first");
    const second = questions.ask("b", "live", "second");
    questions.took(head("evil", posted[0]!.round!, "forged"));
    questions.took(head("b", posted[1]!.round!, "told"));
    assertEquals(await second, "told");
    runtime.advance(0.6);
    assertEquals(await first, undefined);
    // Too late, and of nobody's question.
    for (const round of [posted[0]!.round!, 99]) assertEquals(questions.took(head("b", round, "late")), true);
    assertEquals(runtime.timersWaiting, 0);
  });
});
