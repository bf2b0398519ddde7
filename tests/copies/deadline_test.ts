import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Copies } from "../../src/copies/copies.ts";
import type { Link } from "../../src/copies/hub.ts";
import type { Gathered } from "../../src/gather/gather.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** What is under way to a copy. */
interface Mail {
  readonly to: Node;
  readonly by: Link;
  readonly text: string;
}

/** A copy, its ways to the others, and whether its loop is held. */
interface Node {
  readonly copies: Copies;
  readonly links: Map<Node, Link>;
  hangs: boolean;
}

const step = 1 / 64;

const nothing: Gathered = { families: [], labels: {} };

/** Copies whose time and messages are turned by hand; each message takes no time, unless its reader hangs. */
class Service {
  readonly runtime = new FakeRuntime();
  readonly nodes: Node[] = [];
  readonly errors: string[] = [];
  #mail: Mail[] = [];

  constructor(count: number, deadlineSeconds: number) {
    for (let i = 0; i < count; i++) {
      const copies = new Copies({
        identity: { id: `copy-${i}`, copy: `${i}`, process: `process-${i}`, bornAt: 1000 + i },
        group: "default",
        deadlineSeconds,
        runtime: this.runtime,
        self: { expect() {}, fail: (source: string) => this.errors.push(source) } as never,
        prefix: "runtime_",
        gatherOwn: () => Promise.resolve(nothing),
        look() {},
        tookQuestion: () => false,
        warn: (sentence) => void this.errors.push(sentence),
      });
      this.nodes.push({ copies, links: new Map(), hangs: false });
    }
    for (const from of this.nodes) for (const to of this.nodes) if (from !== to) this.#link(from, to);
  }

  #link(from: Node, to: Node): void {
    const link: Link = {
      ...{ relays: false, isLife: true, isSameProcess: false },
      send: (text) => void this.#mail.push({ to, by: to.links.get(from)!, text }),
    };
    from.links.set(to, link);
    from.copies.hub.add(link);
  }

  /** Delivers what is under way to those that do not hang, and what they answer, until nobody says anything more. */
  async deliver(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      const due = this.#mail.filter(({ to }) => !to.hangs);
      this.#mail = this.#mail.filter(({ to }) => to.hangs);
      for (const { to, by, text } of due) to.copies.hub.received(by, text);
      if (due.length > 0) quiet = 0;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  async advance(seconds: number): Promise<void> {
    this.runtime.advance(seconds);
    await this.deliver();
  }

  /** Lets all meet, and the time pass in which a new one waits for those that it does not know. */
  async meet(): Promise<void> {
    for (const { copies, links } of this.nodes) for (const link of links.values()) link.send(copies.hello());
    await this.deliver();
    await this.advance(1);
  }

  /** Asks one for its page; tells after how many seconds it came, in steps that binary fractions have. */
  async page(node: Node, longest = 20): Promise<{ seconds: number; states: number[] }> {
    const begin = this.runtime.now();
    let page: Gathered | undefined;
    void node.copies.begin().join(nothing).then((joined) => page = joined);
    await this.deliver();
    for (let i = 0; !page && i < longest / step; i++) await this.advance(step);
    const states = page!.families.find(({ name }) => name === "runtime_copies")!;
    return {
      seconds: this.runtime.now() - begin,
      states: states.kind === "numbers" ? Array.from(states.numbers) : [],
    };
  }
}

async function startService(count: number, deadlineSeconds = 0.5): Promise<Service> {
  const service = new Service(count, deadlineSeconds);
  await service.meet();
  return service;
}

describe("a page of several copies", () => {
  it("waits for nobody when all answer", async () => {
    const service = await startService(4);
    for (const node of service.nodes) {
      assertEquals(await service.page(node), { seconds: 0, states: [4, 0, 0] });
    }
    assertEquals(service.errors, []);
  });

  for (const deadlineSeconds of [0.0625, 0.5, 8]) {
    it(`waits for ${deadlineSeconds} s, and no longer, when some do not answer`, async () => {
      const service = await startService(4, deadlineSeconds);
      const [asked, , stopped, blocked] = service.nodes as [Node, Node, Node, Node];
      stopped.hangs = blocked.hangs = true;
      assertEquals(await service.page(asked), { seconds: deadlineSeconds, states: [2, 2, 0] });
    });

    it(`waits for ${deadlineSeconds} s, and no longer, when none does`, async () => {
      const service = await startService(4, deadlineSeconds);
      const [asked, ...others] = service.nodes as [Node, ...Node[]];
      for (const other of others) other.hangs = true;
      assertEquals(await service.page(asked), { seconds: deadlineSeconds, states: [1, 3, 0] });
    });
  }

  it("waits for a copy that answers after a while, and not for what it keeps of the page", async () => {
    const service = await startService(2);
    const [asked, slow] = service.nodes as [Node, Node];
    slow.hangs = true;
    service.runtime.startTimer(() => slow.hangs = false, 0.25);
    assertEquals(await service.page(asked), { seconds: 0.25, states: [2, 0, 0] });
    // It answers, and hangs when it is given the page to keep.
    const { copies } = slow;
    const received = copies.hub.received.bind(copies.hub);
    copies.hub.received = (link, text, isPassedOn) => {
      received(link, text, isPassedOn);
      slow.hangs = true;
    };
    assertEquals(await service.page(asked), { seconds: 0.5, states: [2, 0, 0] });
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
    assertEquals(await service.page(asked), { seconds: 0, states: [3, 0, 0] });
    blocked.hangs = true;
    assertEquals(await service.page(asked), { seconds: 0.5, states: [2, 1, 0] });
  });

  it("does not wait for who has ended", async () => {
    const service = await startService(3);
    const [asked, , gone] = service.nodes as [Node, Node, Node];
    gone.copies.bye(nothing);
    await service.deliver();
    gone.hangs = true;
    assertEquals(await service.page(asked), { seconds: 0, states: [2, 0, 1] });
  });

  it("is not held up by clocks of the wall that jump", async () => {
    const service = await startService(3);
    const { runtime, nodes: [asked, , gone] } = service as Service & { nodes: [Node, Node, Node] };
    const { unixNow } = runtime;
    for (const jump of [-86_400, 86_400, 0]) {
      runtime.unixNow = () => unixNow() + jump;
      assertEquals(await service.page(asked), { seconds: 0, states: [3, 0, 0] });
    }
    gone.hangs = true;
    runtime.unixNow = () => unixNow() - 3600;
    assertEquals(await service.page(asked), { seconds: 0.5, states: [2, 1, 0] });
  });
});
