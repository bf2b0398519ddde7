import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Node, type Service, shown, startService } from "../support/copies_by_hand.ts";
import { seeded } from "../support/loop.ts";

/** Each of these has found sums that fell, or that were counted twice; they are what is worth the time of thousands. */
const seeds = [5, 7, 17, 30, 35, 41, 53, 98, 133, 178, 183, 271, 277, 335, 369, 448, 672, 756, 894];

/** How many pages each service is asked for. */
const pages = 25;

/** A service whose copies are killed, hang and are started at any moment, also between two messages of one page. */
class Disturbed {
  readonly #service: Service;
  readonly #random: () => number;
  /** What all have counted, those that were killed as well. */
  #counted = 0;
  /** The most that a page has shown. */
  #most = 0;
  readonly log: string[] = [];

  constructor(service: Service, random: () => number) {
    this.#service = service;
    this.#random = random;
  }

  readonly pick = (count: number): number => Math.floor(this.#random() * count);

  /** Something happens, or nothing. */
  readonly disturb = (): void => {
    const { nodes } = this.#service;
    const node = nodes[this.pick(nodes.length)]!;
    switch (this.pick(40)) {
      case 0:
        // One that can be asked stays.
        if (nodes.some((each) => each !== node && !each.hangs)) {
          this.log.push(`kill ${node.copies.known.id}`);
          this.#service.killNow(node);
        }
        break;
      case 1:
        if (nodes.some((each) => each !== node && !each.hangs)) {
          this.log.push(`hang ${node.copies.known.id}`);
          node.hangs = true;
        }
        break;
      case 2:
      case 3:
        if (node.hangs) this.log.push(`wake ${node.copies.known.id}`);
        node.hangs = false;
        break;
      case 4:
      case 5:
      case 6:
        if (!node.hangs) this.#count(node);
        break;
    }
  };

  #count(node: Node): void {
    const more = 1 + this.pick(9);
    node.counted += more;
    this.#counted += more;
  }

  /** One page of any copy that does not hang: it shows no less than the one before, and no more than was counted. */
  async page(): Promise<void> {
    const service = this.#service;
    for (const node of service.nodes) if (!node.hangs && this.pick(2) === 0) this.#count(node);
    const able = service.nodes.filter(({ hangs }) => !hangs);
    const node = able[this.pick(able.length)]!;
    this.log.push(`page of ${node.copies.known.id}`);
    const page = await service.pageInDisorder(node, this.pick, () => {
      // Those that answer a page are not stopped in it: it would not come.
      const { hangs } = node;
      this.disturb();
      node.hangs = hangs;
    });
    if (!page) return;
    const [counted = -1] = page.counted;
    this.log.push(`shows ${counted}, ${page.states.join("/")}`);
    assert(counted >= this.#most, `fell from ${this.#most} to ${counted}`);
    assert(counted <= this.#counted, `${counted} of ${this.#counted}`);
    assertEquals(page.counted, shown(counted));
    this.#most = counted;
  }

  /** Between two pages. */
  async rest(): Promise<void> {
    const service = this.#service;
    for (let i = this.pick(8); i > 0; i--) this.disturb();
    if (this.pick(4) === 0 && service.nodes.length < 7) {
      const fresh = service.start(0.5);
      this.log.push(`start ${fresh.copies.known.id}`);
      const hello = fresh.copies.sender.text("hello");
      for (const [other, link] of fresh.links) {
        link.send(hello);
        other.links.get(fresh)!.send(other.copies.sender.text("hello"));
      }
      // It has met all that can answer, and asked what they know.
      await service.deliver();
      void fresh.copies.learn();
      await service.deliver();
      await service.advance(0.5);
    }
    if (this.pick(6) === 0) await service.advance(31);
  }
}

describe("copies that are killed at any moment", () => {
  for (const seed of seeds) {
    it(`show no sum that falls, by the seed ${seed}`, async () => {
      const service = await startService(5);
      const disturbed = new Disturbed(service, seeded(seed));
      try {
        for (let i = 0; i < pages; i++) {
          await disturbed.page();
          await disturbed.rest();
        }
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${disturbed.log.join("\n")}`, { cause: error });
      }
      assertEquals(service.errors, []);
    });
  }
});
