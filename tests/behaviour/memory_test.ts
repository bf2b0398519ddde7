import { after, describe } from "node:test";
import process from "node:process";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { collectGarbage } from "../support/garbage.ts";
import { runtimeName, sleep } from "../support/loop.ts";
import { freshPage, Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";
import { series } from "./series.ts";

const MB = 1024 * 1024;

async function megabytes(name: string): Promise<number> {
  return (await freshPage()).value(name) / MB;
}

/** About 45 MB of small objects, at two machine words and more for each of them. */
function makeObjects(): object[] {
  return Array.from({ length: 500_000 }, (_, i) => ({ i, next: [i] }));
}

/** Keeps what is made until it is told not to, so that no engine finds it unused before. */
const kept: unknown[] = [];

/** Leaves nothing of an earlier test to be collected in a later one; V8 frees some of it in the turn behind. */
async function startClean(): Promise<void> {
  kept.length = 0;
  collectGarbage();
  await sleep(0.02);
  collectGarbage();
}

after(startClean);

describe("the heap's series", () => {
  series("heap_used_bytes", "rises with objects and falls when they are collected", async () => {
    await startClean();
    const before = await megabytes("runtime_heap_used_bytes");
    kept.push(makeObjects());
    const during = await megabytes("runtime_heap_used_bytes");
    await startClean();
    const after = await megabytes("runtime_heap_used_bytes");
    // An object with two fields and an array of one number are 40 to 110 bytes, as pointers are compressed or not.
    assert(during - before > 18 && during - before < 80, `it rose by ${during - before} MB`);
    assertLess(after - before, 10);
  });

  series("heap_total_bytes", "rises with objects", async () => {
    await startClean();
    const before = await megabytes("runtime_heap_total_bytes");
    kept.push(makeObjects());
    const during = await megabytes("runtime_heap_total_bytes");
    // Pages of the heap that were free already may take up some of it.
    assert(during - before > 10 && during - before < 200, `it rose by ${during - before} MB`);
  });

  series("heap_limit_bytes", "is what the process was started with", async () => {
    const limit = async (flag?: string): Promise<number> => {
      const { NODE_OPTIONS = "" } = process.env;
      const program = startProgram(startable("tests/behaviour/page_program.ts"), {
        denoFlags: flag ? ["-A", `--v8-flags=${flag}`] : ["-A"],
        env: runtimeName === "node" && flag ? { NODE_OPTIONS: `${NODE_OPTIONS} ${flag}` } : {},
      });
      const { code, output, errors } = await program.exited;
      assertEquals(code, 0, errors);
      return new Page(output).value("runtime_heap_limit_bytes") / MB;
    };
    // The setting is the old generation's; V8 adds the young one, whose size it chooses.
    const [low, high] = [await limit("--max-old-space-size=300"), await limit("--max-old-space-size=700")];
    assert(low >= 300 && low < 500, `${low} MB`);
    assertAlmostEquals(high - low, 400, 100);
  });

  series("heap_external_bytes", "rises with buffers", async () => {
    await startClean();
    const before = await megabytes("runtime_heap_external_bytes");
    for (let i = 0; i < 5; i++) kept.push(new Uint8Array(20 * MB).fill(i));
    // Bun counts them with its next collection, which such an allocation brings about within a second or two.
    const during = await until(() => megabytes("runtime_heap_external_bytes"), (mb) => mb - before > 95, 10);
    assert(during - before > 95 && during - before < 150, `it rose by ${during - before} MB`);
  });

  series("heap_array_buffers_bytes", "rises with array buffers and not with objects", async () => {
    await startClean();
    const before = await megabytes("runtime_heap_array_buffers_bytes");
    for (let i = 0; i < 5; i++) kept.push(new ArrayBuffer(20 * MB));
    const buffers = await megabytes("runtime_heap_array_buffers_bytes");
    kept.push(makeObjects());
    const objects = await megabytes("runtime_heap_array_buffers_bytes");
    assertAlmostEquals(buffers - before, 100, 2);
    assertAlmostEquals(objects - buffers, 0, 2);
  });
});

describe("the process' memory", () => {
  series("process_resident_memory_bytes", "rises with memory that was written to", async () => {
    await startClean();
    const before = await megabytes("process_resident_memory_bytes");
    kept.push(new Uint8Array(200 * MB).fill(1));
    const during = await megabytes("process_resident_memory_bytes");
    // Memory that was freed and not given back yet may take up a part of it.
    assert(during - before > 100 && during - before < 300, `it rose by ${during - before} MB`);
  });

  series("process_virtual_memory_bytes", "rises with address space that nobody has written to", async () => {
    const [before, resident] = [
      await megabytes("process_virtual_memory_bytes"),
      await megabytes("process_resident_memory_bytes"),
    ];
    // Each engine reserves gigabytes behind one page of WebAssembly, so that it needs no bounds checks.
    kept.push(new WebAssembly.Memory({ initial: 1 }));
    const [during, residentDuring] = [
      await megabytes("process_virtual_memory_bytes"),
      await megabytes("process_resident_memory_bytes"),
    ];
    assertGreater(during - before, 1024);
    assertLess(residentDuring - resident, 100);
  });
});
