import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Node, shown, startService } from "../support/copies_by_hand.ts";

describe("the sums of a page", () => {
  it("are no less than on the page before, when nobody who knows of that one answers any more", async () => {
    const service = await startService(6);
    const [asked, , , counting, , next] = service.nodes as [Node, Node, Node, Node, Node, Node];
    counting.counted = 10;
    assertEquals((await service.page(asked)).counted, shown(10));
    counting.counted = 25;
    assertEquals((await service.page(asked)).counted, shown(25));
    for (const node of service.nodes) node.hangs = node !== next;
    for (let i = 0; i < 2; i++) {
      const page = await service.page(next);
      assertEquals([page.counted, page.states], [shown(25), [1, 5, 0]]);
    }
    // What this one counts meanwhile is hidden by what it has not been told of the others, and no further.
    next.counted = 30;
    assertEquals((await service.page(next)).counted, shown(30));
    for (const node of service.nodes) node.hangs = false;
    await service.deliver();
    for (const node of service.nodes) assertEquals((await service.page(node)).counted, shown(55));
    assertEquals(service.errors, []);
  });

  it("are no less, and exact, when who answered it is killed, and one that it told of", async () => {
    const service = await startService(6);
    const [asked, , counting, , ...others] = service.nodes as [Node, Node, Node, Node, Node, Node];
    [asked.counted, counting.counted] = [7, 10];
    assertEquals((await service.page(asked)).counted, shown(17));
    [asked.counted, counting.counted] = [8, 11];
    assertEquals((await service.page(asked)).counted, shown(19));
    await service.kill(asked);
    await service.kill(counting);
    others[0]!.counted = 1;
    for (const node of service.nodes) assertEquals((await service.page(node)).counted, shown(20));
    assertEquals(service.errors, []);
  });

  it("are no less when all end at once but one that nobody has asked", async () => {
    const service = await startService(5);
    const [asked, counting, , left] = service.nodes as [Node, Node, Node, Node];
    counting.counted = 10;
    assertEquals((await service.page(asked)).counted, shown(10));
    for (const node of [...service.nodes]) if (node !== left) await service.kill(node);
    assertEquals((await service.page(left)).counted, shown(10));
    // A new one hears of it as soon as it is there.
    const fresh = service.start(0.5);
    for (const { copies, links } of [left, fresh]) for (const link of links.values()) link.send(copies.hello());
    await service.deliver();
    left.hangs = true;
    assertEquals((await service.page(fresh)).counted, shown(10));
    assertEquals(service.errors, []);
  });

  it("may fall when the app itself has set its metric back", async () => {
    const service = await startService(3);
    const [asked, next, counting] = service.nodes as [Node, Node, Node];
    counting.counted = 10;
    assertEquals((await service.page(asked)).counted, shown(10));
    counting.counted = 2;
    for (const node of [next, asked, counting]) assertEquals((await service.page(node)).counted, shown(2));
  });
});
