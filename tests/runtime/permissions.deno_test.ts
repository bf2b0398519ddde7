// Deno without permissions: what needs one is absent, and nobody is asked.

import { describe, it } from "node:test";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertFalse, assertNotMatch, assertStringIncludes } from "@std/assert";
import { Page } from "../support/page.ts";
import { programCommand } from "../support/program.ts";

const program = "tests/support/permissions_program.ts";
const needProc = ["process_virtual_memory_bytes", "process_open_fds", "process_max_fds"];

/** Not by node:child_process: Deno 2.9 gives to a Deno that is started so all the permissions of this one. */
async function run(
  [command, ...args]: string[],
  isEnough: (output: string) => boolean = () => false,
): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(command!, {
    args,
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> => {
    let [text, isOver] = ["", false];
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (isOver || !isEnough(text)) continue;
      isOver = true;
      child.kill();
    }
    return text;
  };
  const [output, errors] = await Promise.all([child.stdout, child.stderr].map(read));
  return { code: (await child.status).code, output: `${output}${errors}` };
}

/** Runs the program with flags of `deno run` and answers its page. */
async function pageWith(...denoFlags: string[]): Promise<Page> {
  const { code, output } = await run(programCommand(program, { denoFlags }));
  assertEquals(code, 0, output);
  assertStringIncludes(output, "nothing more");
  return new Page(output.slice(0, output.lastIndexOf("nothing more")));
}

/** Is everything there that needs no permission? */
function checkPage(page: Page): void {
  assert(page.value("runtime_eventloop_lag_seconds_count") > 25);
  assert(page.value('runtime_pool_probe_wait_seconds_count{pool="runtime"}') >= 1);
  assert(page.value("process_resident_memory_bytes") > 1024 * 1024);
  assert(page.value("process_cpu_seconds_total") > 0);
  assert(page.value("runtime_heap_used_bytes") > 1024 * 1024);
  assertEquals(page.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 1);
  // No source threw: what is not permitted was not tried.
  for (const labels of page.labels("runtime_metrics_errors_total")) {
    assertEquals(page.value(`runtime_metrics_errors_total${labels}`), 0, labels);
  }
}

describe("Deno's permissions", () => {
  it("are not needed: without any, only what is read from /proc is absent", async () => {
    const page = await pageWith("--no-prompt");
    checkPage(page);
    for (const name of needProc) assertFalse(page.has(name), name);
    const all = await pageWith("-A");
    checkPage(all);
    for (const name of needProc) assert(all.has(name), name);
    const missing = [...all.types.keys()].filter((name) => !page.types.has(name));
    // Of the container a machine tells what it has.
    assertEquals(missing.filter((name) => !name.startsWith("runtime_container_")).sort(), [...needProc].sort());
  });

  it("are not enough with --allow-read alone, which opens no /proc", async () => {
    const page = await pageWith("--no-prompt", "--allow-read");
    for (const name of needProc) assertFalse(page.has(name), name);
  });

  const skip = existsSync("/usr/bin/script") ? false : "script is not installed";
  it("are not asked for, even where somebody could answer", { skip }, async () => {
    // Deno asks only on a terminal; script runs a command on one.
    const onTerminal = (args: string[], isEnough?: (output: string) => boolean) => {
      const command = programCommand(program, { args, denoFlags: [] }).map((word) => `'${word}'`).join(" ");
      return run(["script", "-qec", command, "/dev/null"], isEnough);
    };
    // It would be seen: this one reads a file, and waits for an answer until it is ended.
    const question = "requests read access";
    assertStringIncludes((await onTerminal(["ask"], (output) => output.includes(question))).output, question);

    const { code, output } = await onTerminal([]);
    assertStringIncludes(output, "nothing more");
    assertEquals(code, 0, output);
    assertNotMatch(output, /Deno requests|Allow\?/);
  });
});
