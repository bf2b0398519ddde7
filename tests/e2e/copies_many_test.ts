// A thousand copies that come and go, beside one that stays.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { requests, states } from "../support/copies.ts";
import { collectGarbage } from "../support/garbage.ts";
import { type OwnCopy, startCopy } from "../support/own_copies.ts";
import { until } from "../support/until.ts";

const count = 1000;
/** Memory is looked at from here on: code has been compiled by then, and first buffers made. */
const warm = 300;
/**
 * What each copy may leave, in bytes: its name is kept, here and with whom inherited from it. A monitor that was held would
 * be some 100,000, and a socket with its buffers 10,000.
 */
const mostLeft = 2000;

const directory = mkdtempSync(join(tmpdir(), "copies-"));
const stays = startCopy({ directory });
after(() => {
  stays.monitor.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What is held when nothing is under way. */
async function held(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed;
}

it(`${count} copies that came and went leave memory, descriptors and the directory as before, and their sums`, async () => {
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  await stays.page();
  const before = descriptors();
  let memory = 0;
  for (let i = 1; i <= count; i++) {
    const copy: OwnCopy = startCopy({ directory });
    await copy.count();
    await until(() => stays.page(), (page) => states(page)["alive"] === 2);
    copy.monitor.stop();
    const page = await until(() => stays.page(), (page) => states(page)["alive"] === 1);
    assertEquals([requests(page), states(page)], [i, { alive: 1, late: 0, ended: i }]);
    if (i === warm) memory = await held();
  }
  // It takes some collections: what one lets go of, the next one frees.
  const left = await until(async () => (await held() - memory) / (count - warm), (bytes) => bytes < mostLeft, 30);
  assertLess(left, mostLeft, `${left} bytes of each copy are left`);
  assertEquals(readdirSync(directory).length, 1);
  assertLess(await until(() => Promise.resolve(descriptors()), (now) => now <= before), before + 3);
  console.log(`${left.toFixed(0)} bytes of each copy are left`);
});
