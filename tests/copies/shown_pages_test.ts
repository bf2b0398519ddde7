import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { familyLine } from "../../src/copies/family_wire.ts";
import { KnownCopies } from "../../src/copies/known_copies.ts";
import { Report } from "../../src/copies/report.ts";
import { type ShownPage, ShownPages } from "../../src/copies/shown_pages.ts";
import type { FamilySnapshot, Gathered, Labels } from "../../src/gather/family_snapshot.ts";
import { Slices } from "../../src/gather/loop_budget.ts";
import { type Node, shown, startService } from "../support/copies_by_hand.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

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
    for (const { copies, links } of [left, fresh]) {
      for (const link of links.values()) link.send(copies.sender.text("hello"));
    }
    await service.deliver();
    left.hangs = true;
    assertEquals((await service.page(fresh)).counted, shown(10));
    assertEquals(service.errors, []);
  });

  it("have what was told at length by one that was killed at once, which is not late for ever", async () => {
    const service = await startService(3);
    const [asked, other, counting] = service.nodes as [Node, Node, Node];
    [counting.counted, counting.help] = [10, "h".repeat(20_000)];
    const { hub } = asked.copies;
    const received = hub.received.bind(hub);
    hub.received = (link, text, isPassedOn) => {
      received(link, text, isPassedOn);
      if (link === asked.links.get(counting) && text.includes('"kind":"tell"')) hub.lost(link);
    };
    const { counted, states } = await service.page(asked);
    assertEquals([counted, states], [shown(10), [2, 0, 1]]);
    await service.kill(counting);
    for (const node of [asked, other]) {
      const { counted, states } = await service.page(node);
      assertEquals([counted, states], [shown(10), [2, 0, 1]]);
    }
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

describe("a page that is raised to another one", () => {
  const orders = (type: "counter" | "gauge", numbers: Record<string, number>): FamilySnapshot => {
    const kinds = Object.keys(numbers);
    return {
      ...{ kind: "numbers", type, name: `orders_${type}`, help: "h", isForeign: true, lost: 0, aggregator: "sum" },
      ...{ size: kinds.length, labels: (index: number) => ({ kind: kinds[index]! }), numbers: Object.values(numbers) },
      ...{ exemplars: undefined, createdAt: undefined },
    };
  };
  const page = (labels: Labels, ...families: FamilySnapshot[]): Gathered => ({ families, labels });
  const shownBy = ({ families, labels }: Gathered): ShownPage => {
    const head = {
      id: "other",
      copy: "other",
      process: "other",
      bornAt: 0,
      number: 0,
      labels,
      heirOf: [],
      adopted: 0,
    };
    const lines = families.map(familyLine);
    return { of: [["gone", 2, 2]], report: new Report({ ...head, own: lines.length, lines: lines.length }, lines) };
  };
  const raise = async (own: Gathered, other: Gathered): Promise<readonly string[] | undefined> => {
    const pages = new ShownPages(new KnownCopies("own", () => 0));
    const failed: string[] = [];
    const shown = shownBy(other);
    pages.take(shown);
    assertEquals(pages.ahead([["gone", 1, 1]]), [shown]);
    const raised = await pages.raise(own, shown, new Slices(new FakeRuntime()), (name) => failed.push(name));
    // What is no higher is of no use any more.
    assertEquals([failed, pages.ahead([["gone", 1, 1]]).length], [[], raised ? 1 : 0]);
    assertEquals(pages.ahead([["gone", 2, 2]]), []);
    return raised?.families.flatMap((family) => {
      assert(family.kind === "numbers");
      return Array.from(family.numbers, (number, i) => {
        const labels = { ...raised.labels, ...family.labels(i) };
        return `${family.name} ${Object.entries(labels).sort().map((pair) => pair.join("=")).join(" ")}: ${number}`;
      });
    });
  };

  it("has the larger of both, label set by label set, and gauges as they are", async () => {
    const own = page({}, orders("counter", { a: 5, b: 7 }), orders("gauge", { a: 3 }));
    const other = page({}, orders("counter", { b: 9, c: 1 }), orders("gauge", { a: 100 }));
    assertEquals(await raise(own, other), [
      ...["orders_counter kind=a: 5", "orders_counter kind=b: 9", "orders_counter kind=c: 1"],
      "orders_gauge kind=a: 3",
    ]);
  });

  it("is left as it is by one that shows no more", async () => {
    assertEquals(
      await raise(page({}, orders("counter", { a: 5, b: 7 })), page({}, orders("counter", { b: 7 }))),
      undefined,
    );
    assertEquals(await raise(page({}, orders("counter", { a: 5 })), page({}, orders("gauge", { a: 9 }))), undefined);
  });

  it("tells registries with other labels apart", async () => {
    const own = page({ app: "x" }, orders("counter", { a: 5 }), orders("gauge", { a: 3 }));
    assertEquals(await raise(own, page({ app: "x" }, orders("counter", { a: 6 }))), [
      ...["orders_counter app=x kind=a: 6", "orders_gauge app=x kind=a: 3"],
    ]);
    assertEquals(await raise(own, page({ app: "y" }, orders("counter", { a: 6 }))), [
      ...["orders_counter app=x kind=a: 5", "orders_counter app=y kind=a: 6", "orders_gauge app=x kind=a: 3"],
    ]);
  });
});
