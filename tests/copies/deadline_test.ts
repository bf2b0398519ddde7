import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
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
});
