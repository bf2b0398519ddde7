import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Counter, Registry } from "prom-client";
import { Core } from "../../src/core/core.ts";
import type { FamilySnapshot } from "../../src/gather/family_snapshot.ts";
import { gather } from "../../src/gather/gather.ts";
import { showCopies } from "../../src/gather/other_copies.ts";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { type Node, type Service, startService, step } from "../support/copies_by_hand.ts";

/** When a page came, and what it says of the others. */
async function told(service: Service, node: Node): Promise<{ seconds: number; states: number[] }> {
  const { seconds, states } = await service.page(node);
  return { seconds, states };
}

describe("a page of several copies", () => {
  it("waits for nobody when all answer", async () => {
    const service = await startService(4);
    for (const node of service.nodes) {
      assertEquals(await told(service, node), { seconds: 0, states: [4, 0, 0] });
    }
    assertEquals(service.errors, []);
  });

  for (const deadlineSeconds of [0.0625, 0.5, 8]) {
    it(`waits for ${deadlineSeconds} s, and no longer, when some do not answer`, async () => {
      const service = await startService(4, deadlineSeconds);
      const [asked, , stopped, blocked] = service.nodes as [Node, Node, Node, Node];
      stopped.hangs = blocked.hangs = true;
      assertEquals(await told(service, asked), { seconds: deadlineSeconds, states: [2, 2, 0] });
    });

    it(`waits for ${deadlineSeconds} s, and no longer, when none does`, async () => {
      const service = await startService(4, deadlineSeconds);
      const [asked, ...others] = service.nodes as [Node, ...Node[]];
      for (const other of others) other.hangs = true;
      assertEquals(await told(service, asked), { seconds: deadlineSeconds, states: [1, 3, 0] });
    });
  }

  it("waits for a copy that answers after a while, and not for what it keeps of the page", async () => {
    const service = await startService(2);
    const [asked, slow] = service.nodes as [Node, Node];
    slow.hangs = true;
    service.runtime.startTimer(() => slow.hangs = false, 0.25);
    assertEquals(await told(service, asked), { seconds: 0.25, states: [2, 0, 0] });
    // It answers, and hangs when it is given the page to keep.
    const { copies } = slow;
    const received = copies.hub.received.bind(copies.hub);
    copies.hub.received = (link, text, isPassedOn) => {
      received(link, text, isPassedOn);
      slow.hangs = true;
    };
    assertEquals(await told(service, asked), { seconds: 0.5, states: [2, 0, 0] });
  });

  it("waits for a moment for who has not answered for 5 s, until that one is heard again", async () => {
    const service = await startService(3);
    const [asked, , blocked] = service.nodes as [Node, Node, Node];
    blocked.hangs = true;
    for (let i = 0; i < 10; i++) assertEquals((await service.page(asked)).seconds, 0.5);
    await service.advance(1);
    for (let i = 0; i < 3; i++) {
      const { seconds, states } = await service.page(asked);
      // A tenth of a second, in whole steps.
      assertEquals([Math.ceil(0.1 / step) * step, [2, 1, 0]], [seconds, states]);
    }
    blocked.hangs = false;
    await service.deliver();
    assertEquals(await told(service, asked), { seconds: 0, states: [3, 0, 0] });
    blocked.hangs = true;
    assertEquals(await told(service, asked), { seconds: 0.5, states: [2, 1, 0] });
  });

  it("waits for those that a new copy has met, and tells that they are late where they say nothing", async () => {
    const service = await startService(3);
    const [first, second] = service.nodes as [Node, Node];
    for (const node of service.nodes) node.hangs = true;
    const fresh = service.start(0.5);
    // One of them is met when the page has been asked for.
    fresh.copies.meet(first.copies.known.id);
    service.runtime.startTimer(() => fresh.copies.meet(second.copies.known.id), 0.125);
    assertEquals(await told(service, fresh), { seconds: 0.5, states: [1, 2, 0] });
  });

  it("has what somebody says that was met when the page had been asked for", async () => {
    const service = await startService(2);
    const [other] = service.nodes as [Node, Node];
    const fresh = service.start(0.5);
    other.hangs = true;
    service.runtime.startTimer(() => fresh.copies.meet(other.copies.known.id), 0.125);
    service.runtime.startTimer(() => other.hangs = false, 0.375);
    const { seconds, states: [alive] } = await told(service, fresh);
    assertEquals([seconds, alive], [0.375, 3]);
  });

  it("does not wait for who has ended", async () => {
    const service = await startService(3);
    const [asked, , gone] = service.nodes as [Node, Node, Node];
    gone.copies.bye({ families: [], labels: {} });
    await service.deliver();
    gone.hangs = true;
    assertEquals(await told(service, asked), { seconds: 0, states: [2, 0, 1] });
  });

  it("is not held up by clocks of the wall that jump", async () => {
    const service = await startService(3);
    const { runtime, nodes: [asked, , gone] } = service as Service & { nodes: [Node, Node, Node] };
    const { unixNow } = runtime;
    for (const jump of [-86_400, 86_400, 0]) {
      runtime.unixNow = () => unixNow() + jump;
      assertEquals(await told(service, asked), { seconds: 0, states: [3, 0, 0] });
    }
    gone.hangs = true;
    runtime.unixNow = () => unixNow() - 3600;
    assertEquals(await told(service, asked), { seconds: 0.5, states: [2, 1, 0] });
  });

  it("waits for nobody where one copy is asked for many pages at once", async () => {
    const service = await startService(3);
    const [asked] = service.nodes as [Node];
    const pages = await Promise.all(Array.from({ length: 8 }, () => told(service, asked)));
    assertEquals(pages, Array.from({ length: 8 }, () => ({ seconds: 0, states: [3, 0, 0] })));
    assertEquals(service.errors, []);
  });

  it("is answered in time where the app's own metric hangs, which is shown as it was", async () => {
    const service = await startService(2);
    const { runtime, nodes: [asked, other] } = service as Service & { nodes: [Node, Node] };
    const registry = new Registry();
    const core = new Core(runtime, registry, checkOptions({}), wholeProcess);
    showCopies(core, {
      collectSeconds: 0.25,
      begin: () => asked.copies.begin(),
      living: () => [],
      question: () => Promise.resolve(undefined),
    });
    let answer: (() => void) | undefined;
    let hangs = false;
    const late = (): Promise<void> => new Promise((resolve) => answer = resolve);
    const counter = new Counter({
      ...{ name: "app_total", help: "h", registers: [registry] },
      async collect() {
        if (hangs) await late();
        this.inc();
      },
    });
    new Counter({
      name: "app_stuck_total",
      help: "h",
      registers: [registry],
      collect: () => new Promise<void>(() => {}),
    });
    const page = async (): Promise<{ seconds: number; counted: number | undefined; isStuck: boolean }> => {
      const begin = runtime.now();
      let families: readonly FamilySnapshot[] | undefined;
      void gather({ runtime, core, registry }, { timeoutSeconds: 5 }).then((all) => families = all.families);
      await service.deliver();
      for (let i = 0; !families && i < 10 / step; i++) await service.advance(step);
      const app = families!.find(({ name }) => name === "app_total");
      return {
        seconds: runtime.now() - begin,
        counted: app?.kind === "numbers" ? app.numbers[0] : undefined,
        isStuck: families!.some(({ name }) => name === "app_stuck_total"),
      };
    };
    // The one that has never answered takes its time once, and is on no page.
    assertEquals(await page(), { seconds: 0.25, counted: 1, isStuck: false });
    assertEquals(await page(), { seconds: 0, counted: 2, isStuck: false });
    hangs = other.hangs = true;
    // What the client keeps while its `collect` runs is half done.
    counter.inc(100);
    assertEquals(await page(), { seconds: 0.5, counted: 2, isStuck: false });
    other.hangs = false;
    await service.deliver();
    // What is answered too late stands on the next page.
    answer!();
    await service.deliver();
    assertEquals(await page(), { seconds: 0.25, counted: 103, isStuck: false });
    assertEquals(await page(), { seconds: 0, counted: 103, isStuck: false });
  });
});
