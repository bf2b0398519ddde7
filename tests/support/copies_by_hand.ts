import { setImmediate } from "node:timers";
import { Copies } from "../../src/copies/copies.ts";
import type { Link } from "../../src/copies/hub.ts";
import type { FamilySnapshot, Gathered } from "../../src/gather/family_snapshot.ts";
import { FakeRuntime } from "./fake_runtime.ts";

/** What is under way to a copy by one way: a message, or its end. */
interface Mail {
  readonly to: Node;
  readonly by: Link;
  arrive(): void;
}

/** A copy, its ways to the others, and whether its loop is held. */
export interface Node {
  readonly copies: Copies;
  readonly links: Map<Node, Link>;
  hangs: boolean;
  /** What it has counted. */
  counted: number;
  /** What is said of it, which may be long. */
  help: string;
}

/** Time goes on in steps that binary fractions have, in seconds. */
export const step: number = 1 / 64;

/** Copies whose time and messages are turned by hand; each message takes no time, unless its reader hangs. */
export class Service {
  readonly runtime: FakeRuntime = new FakeRuntime();
  /** Those that live. */
  readonly nodes: Node[] = [];
  readonly errors: string[] = [];
  #mail: Mail[] = [];
  #started = 0;

  constructor(count: number, deadlineSeconds: number) {
    for (let i = 0; i < count; i++) this.start(deadlineSeconds);
  }

  /** Starts one more, with ways to those that are there. */
  start(deadlineSeconds: number): Node {
    const i = this.#started++;
    const node: Node = {
      copies: new Copies({
        identity: { id: `copy-${i}`, copy: `${i}`, process: `process-${i}`, bornAt: 1000 + i },
        group: "default",
        deadlineSeconds,
        runtime: this.runtime,
        self: { expect() {}, fail: (source: string) => this.errors.push(source) } as never,
        prefix: "runtime_",
        gatherOwn: () => Promise.resolve(gathered(node)),
        look() {},
        tookQuestion: () => false,
        warn: (sentence) => void this.errors.push(sentence),
      }),
      links: new Map(),
      hangs: false,
      counted: 0,
      help: "h",
    };
    for (const other of this.nodes) {
      this.#link(node, other);
      this.#link(other, node);
    }
    this.nodes.push(node);
    return node;
  }

  /** Ends one without a word, and with it what is under way to it; what it has sent arrives before the news of its end. */
  async kill(node: Node): Promise<void> {
    this.killNow(node);
    await this.deliver();
  }

  killNow(node: Node): void {
    node.hangs = true;
    this.#mail = this.#mail.filter(({ to }) => to !== node);
    this.nodes.splice(this.nodes.indexOf(node), 1);
    for (const to of this.nodes) {
      const by = to.links.get(node)!;
      this.#mail.push({ to, by, arrive: () => to.copies.hub.lost(by) });
    }
  }

  #link(from: Node, to: Node): void {
    const link: Link = {
      ...{ relays: false, isLife: true, isSameProcess: false },
      send: (text) => {
        if (!this.nodes.includes(from)) return;
        const by = to.links.get(from)!;
        this.#mail.push({ to, by, arrive: () => to.copies.hub.received(by, text) });
      },
    };
    from.links.set(to, link);
    from.copies.hub.add(link);
  }

  /** Delivers what is under way to those that do not hang, and what they answer, until nobody says anything more. */
  async deliver(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      const due = this.#mail.filter(({ to }) => !to.hangs);
      this.#mail = this.#mail.filter(({ to }) => to.hangs);
      for (const { arrive } of due) arrive();
      if (due.length > 0) quiet = 0;
      await this.#turn();
    }
  }

  /** The same one by one: by each way in their order, and of all ways one that is picked. `between` may do whatever it likes. */
  async deliverInDisorder(pick: (count: number) => number, between: () => void): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      const first = new Map<Link, Mail>();
      for (const mail of this.#mail) if (!mail.to.hangs && !first.has(mail.by)) first.set(mail.by, mail);
      if (first.size > 0) {
        const mail = [...first.values()][pick(first.size)]!;
        this.#mail.splice(this.#mail.indexOf(mail), 1);
        mail.arrive();
        between();
        quiet = -1;
      }
      if (quiet >= 0) await this.#turn();
      else if (pick(4) === 0) await settled();
    }
  }

  /** What waits for its turn of the loop gets it when everything has arrived. */
  async #turn(): Promise<void> {
    await settled();
    this.runtime.advance(0);
    await settled();
  }

  async advance(seconds: number): Promise<void> {
    this.runtime.advance(seconds);
    await this.deliver();
  }

  /** Lets all meet, and the time pass in which a new one waits for those that it does not know. */
  async meet(): Promise<void> {
    for (const { copies, links } of this.nodes) {
      for (const link of links.values()) link.send(copies.sender.text("hello"));
    }
    await this.deliver();
    await this.advance(1);
  }

  /** Asks one for its page; tells after how many seconds it came, and what it shows. */
  async page(node: Node, longest = 20): Promise<{ seconds: number; states: number[]; counted: number[] }> {
    const begin = this.runtime.now();
    let page: Gathered | undefined;
    void node.copies.begin().join(gathered(node)).then((joined) => page = joined);
    await this.deliver();
    for (let i = 0; !page && i < longest / step; i++) await this.advance(step);
    return { seconds: this.runtime.now() - begin, ...shownBy(page!) };
  }

  /** The same while messages arrive in disorder, and `between` them anything happens; undefined where it was killed meanwhile. */
  async pageInDisorder(
    node: Node,
    pick: (count: number) => number,
    between: () => void,
  ): Promise<{ states: number[]; counted: number[] } | undefined> {
    let page: Gathered | undefined;
    void node.copies.begin().join(gathered(node)).then((joined) => page = joined);
    for (;;) {
      await this.deliverInDisorder(pick, () => !page && between());
      if (!this.nodes.includes(node)) return undefined;
      if (page) return shownBy(page);
      this.runtime.advance(step);
    }
  }
}

/** What is ready to run does. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function shownBy(page: Gathered): { states: number[]; counted: number[] } {
  const family = (name: string): FamilySnapshot => page.families.find((family) => family.name === name)!;
  const [states, orders, sizes] = [family("runtime_copies"), family("orders_total"), family("order_size")];
  return {
    states: states.kind === "numbers" ? Array.from(states.numbers) : [],
    counted: [
      ...orders.kind === "numbers" ? Array.from(orders.numbers) : [],
      ...sizes.kind === "distribution" ? [...Array.from(sizes.values), sizes.sums[0], sizes.counts[0]].map(Number) : [],
    ],
  };
}

/** What stands on a page where so much has been counted: a counter, and of a histogram the buckets, the sum and the count. */
export function shown(counted: number): number[] {
  return [counted, counted, counted, counted / 2, counted];
}

function gathered({ counted, help }: Node): Gathered {
  const common = {
    ...{ help, isForeign: true, size: 1, lost: 0, labels: () => ({}), exemplars: undefined, createdAt: undefined },
  };
  const [, least, all, sum, count] = shown(counted) as [number, number, number, number, number];
  return {
    families: [
      { ...common, kind: "numbers", type: "counter", name: "orders_total", numbers: [counted] },
      {
        ...{ ...common, kind: "distribution", type: "histogram", name: "order_size", bounds: ["1", "+Inf"] },
        ...{ values: [least, all], sums: [sum], counts: [count] },
      },
    ],
    labels: {},
  };
}

/** Starts so many, which have met. */
export async function startService(count: number, deadlineSeconds = 0.5): Promise<Service> {
  const service = new Service(count, deadlineSeconds);
  await service.meet();
  return service;
}
