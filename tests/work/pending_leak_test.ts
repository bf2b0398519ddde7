import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assertEquals, assertLess } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { collectGarbage } from "../support/garbage.ts";
import { sleep } from "../support/loop.ts";

const amount = 20_000;

describe("monitor.track()", () => {
  it(`keeps none of ${amount} promises alive that have settled, nor what they answered`, async () => {
    using monitor = createMonitor({ registry: new Registry(), collect: { gc: false } });
    const [promises, answers] = await trackAndSettle(monitor);
    assertEquals(monitor.snapshot().pending["job"], 0);
    const alive = (refs: WeakRef<object>[]): number => refs.filter((ref) => ref.deref() !== undefined).length;
    // A reference that was read in this turn lives until its end; JavaScriptCore may take a number on the stack for one.
    for (let i = 0; i < 20 && alive(promises) + alive(answers) > 0; i++) {
      await sleep(0.02);
      collectGarbage();
    }
    assertLess(alive(promises), amount / 100);
    assertLess(alive(answers), amount / 100);
  });

  it("would be seen if it kept them: what is held is still there after a collection", async () => {
    const held: object[] = Array.from({ length: 100 }, (_, i) => ({ i }));
    const refs = held.map((each) => new WeakRef(each));
    await sleep(0);
    collectGarbage();
    assertEquals([refs.filter((ref) => ref.deref()).length, held.length], [100, 100]);
  });
});

/** Tracks promises that are pending all at once, and settles them, half by a rejection. */
async function trackAndSettle(
  monitor: ReturnType<typeof createMonitor>,
): Promise<[WeakRef<object>[], WeakRef<object>[]]> {
  const promises: WeakRef<object>[] = [];
  const answers: WeakRef<object>[] = [];
  const settle: (() => void)[] = [];
  for (let i = 0; i < amount; i++) {
    const answer = { i };
    const promise = new Promise<object>((resolve, reject) =>
      settle.push(() => i % 2 ? resolve(answer) : reject(answer))
    );
    promises.push(new WeakRef(monitor.track("job", promise)));
    answers.push(new WeakRef(answer));
  }
  assertEquals(monitor.snapshot().pending["job"], amount);
  for (const each of settle) each();
  await sleep(0);
  return [promises, answers];
}
