// Several copies behind one port, as people run them, each way under load: first undisturbed, then while copies end, are
// killed, stopped, blocked and started, with scrapes through whichever copy answers.

import { after, before, describe, it } from "node:test";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { Client, get, requests, states, untilRequests, Watch } from "../support/copies.ts";
import { type CopiesService, deadlineSeconds, waysToRun } from "../support/copies_services.ts";
import { Page } from "../support/page.ts";
import { until } from "../support/until.ts";

const manager = pinnedPackages("tests/processes");
const missing = manager.install() ?? false;

const loadSeconds = 20;
const fewestScrapes = 200;
const lagName = "runtime_eventloop_lag_latest_seconds";
/** One that is stopped takes connections where the kernel deals them out, and answers none. */
const patienceSeconds = deadlineSeconds + 4;

/** Sends requests, some of which nobody may answer. */
class Load {
  answered = 0;
  /** Those that may have been counted, and nobody knows. */
  unknown = 0;
  readonly #done: Promise<unknown>;
  #isEnding = false;

  constructor(port: number, clients: number) {
    this.#done = Promise.all(Array.from({ length: clients }, async () => {
      while (!this.#isEnding) {
        await this.send(port, "/");
        await delay(2);
      }
    }));
  }

  async send(port: number, path: string, timeoutSeconds = patienceSeconds): Promise<void> {
    try {
      await get(port, path, timeoutSeconds);
      this.answered++;
    } catch {
      this.unknown++;
    }
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
  }
}

/** Scrapes all the while. */
class Scrapes {
  readonly watch = new Watch();
  count = 0;
  page = new Page("");
  /** How many requests had been answered when the newest page without a late copy was asked for. */
  answeredThen = 0;
  readonly #done: Promise<void>;
  #isEnding = false;

  constructor(port: number, load: Load) {
    this.#done = (async () => {
      while (!this.#isEnding || this.count < fewestScrapes) {
        const { answered } = load;
        try {
          this.page = await this.watch.scrape(port, "", patienceSeconds);
          this.count++;
          if (states(this.page)["late"] === 0) this.answeredThen = answered;
        } catch {
          // It came to a copy that ended, or stood still.
        }
        await delay(5);
      }
    })();
  }

  /** Does the newest page tell these states? */
  tells(areSo: (told: Record<string, number>) => boolean): boolean {
    return this.page.has("runtime_copies") && areSo(states(this.page));
  }

  /** Waits for a page on which the copies are in these states. */
  async until(what: string, areSo: (told: Record<string, number>) => boolean): Promise<void> {
    const isSo = await until(() => Promise.resolve(this.tells(areSo)), (isSo) => isSo, 30);
    const { page } = this;
    assert(isSo, `${what}: ${page.labels("runtime_copies").map((labels) => page.value(`runtime_copies${labels}`))}`);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
  }
}

const figures = ({ scrapes, longestSeconds, falls }: Watch): string =>
  `${scrapes} scrapes, the longest ${longestSeconds.toFixed(2)} s, ${falls.length} sums fell`;

for (const way of waysToRun(manager.modules)) {
  describe(`${way.name}, under load`, { skip: way.name.startsWith("PM2") && missing }, () => {
    let service: CopiesService;

    before(async () => {
      service = await way.start();
      const scrape = async (): Promise<Page> => {
        try {
          return new Page(await get(service.port, "/metrics"));
        } catch {
          return new Page("");
        }
      };
      const isWhole = (page: Page): boolean => page.has("runtime_copies") && states(page)["alive"] === way.copies;
      assert(isWhole(await until(scrape, isWhole, 60)), service.output());
    });
    after(() => service?.stop());

    it(`tells exactly what its clients sent in ${loadSeconds} s, on whichever page`, async (context) => {
      const watch = new Watch();
      const before = requests(await watch.scrape(service.port));
      const clients = [1, 2, 3, 4].map(() => new Client(service.port));
      const end = performance.now() + loadSeconds * 1000;
      while (performance.now() < end) await watch.scrape(service.port);
      let sent = 0;
      for (const client of clients) sent += await client.end();
      for (let i = 0; i < 2 * way.copies; i++) {
        // One that the machine held up a moment ago may have missed its deadline, or counts its last answer now.
        const isWhole = (page: Page): boolean => states(page)["late"] === 0 && requests(page) - before >= sent;
        const page = await until(() => watch.scrape(service.port), isWhole);
        assertEquals([requests(page) - before, states(page)], [sent, { alive: way.copies, late: 0, ended: 0 }]);
      }
      assertEquals(watch.falls, []);
      assertGreaterOrEqual(sent, 20);
      context.diagnostic(`${way.name}: ${sent} requests, ${figures(watch)}`);
    });

    it("lets no counter fall whatever becomes of a copy, and tells their states", async (context) => {
      const { port } = service;
      const before = requests(new Page(await get(port, "/metrics")));
      const load = new Load(port, 4);
      const scrapes = new Scrapes(port, load);
      /** What a copy counted that nobody had asked it for when it was killed. */
      let lost = 0;
      try {
        await scrapes.until("all answer", ({ alive, late }) => alive === way.copies && late === 0);
        if (way.hasProcesses) {
          const [ended, killed, stopped] = service.workers() as [number, number, number];
          for (const [pid, signal, count] of [[ended, "SIGTERM", 1], [killed, "SIGKILL", 2]] as const) {
            process.kill(pid, signal);
            await scrapes.until(signal, (told) => told["ended"] === count);
            // Some have no handler of SIGTERM, and are killed by it as well.
            lost += load.answered + load.unknown - scrapes.answeredThen;
          }
          service.startOne?.();
          service.startOne?.();
          await scrapes.until("new ones", ({ alive, ended }) => alive === way.copies && ended === 2);
          process.kill(stopped, "SIGSTOP");
          await scrapes.until("SIGSTOP", ({ late }) => late === 1);
          process.kill(stopped, "SIGCONT");
          await scrapes.until("SIGCONT", ({ alive, late }) => alive === way.copies && late === 0);
        }
        // A scrape may come to the one that is blocked, and sees it when that is over.
        let seen: Page | undefined;
        for (let tries = 0; tries < 10 && !seen; tries++) {
          let isBlocked = true;
          const isOver = (): boolean => isBlocked = false;
          const block = service.block && service.workers().at(-1);
          const blocking = block === undefined
            ? load.send(port, "/block?ms=5000", 20).then(isOver)
            : (service.block!(block), delay(5000).then(isOver));
          while (isBlocked && !(seen = scrapes.tells(({ late }) => late === 1) ? scrapes.page : undefined)) {
            await delay(5);
          }
          await blocking;
        }
        assert(seen, "no page has told of a copy that was blocked");
        if (way.sharesMemory) {
          // As it was at that moment, which only its memory tells.
          const lag = seen.labels(lagName).map((labels) => seen.value(lagName + labels));
          assertEquals(lag.length, way.copies);
          assertGreaterOrEqual(Math.max(...lag), 0.1);
        }
        await scrapes.until("no more blocked", ({ alive, late }) => alive === way.copies && late === 0);
      } finally {
        await load.end();
        await scrapes.end();
      }
      const { watch, count } = scrapes;
      // What was answered last is counted a moment later, and a copy that the machine makes late is shown as it was.
      const told = await untilRequests(watch, port, before + load.answered - lost) - before;
      assertEquals(watch.falls, []);
      assertGreaterOrEqual(count, fewestScrapes);
      assert(
        told >= load.answered - lost && told <= load.answered + load.unknown,
        `${told} were told of ${load.answered} and ${load.unknown} unknown ones; ${lost} may be lost`,
      );
      context.diagnostic(`${way.name}: ${load.answered} answered, ${told} told, ${figures(watch)}`);
    });
  });
}
