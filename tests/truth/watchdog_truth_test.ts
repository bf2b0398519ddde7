// What a watchdog says of real hangs of real processes, while they last.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { now, runtimeName, runtimeTitle, sleep } from "../support/loop.ts";
import { type Program, programCommand, type ProgramExit, startProgram } from "../support/program.ts";
import { StoodStill } from "../support/stood_still.ts";
import { until } from "../support/until.ts";

interface Line {
  event: string;
  level: string;
  message: string;
  seconds: number;
  notScheduledSeconds?: number;
  kind: string;
  name: string;
  stack?: string[];
  pid: number;
  rssBytes?: number;
}

interface Told {
  ready?: { port?: number };
  failed?: string;
  blamed?: Record<string, number>;
  waited?: number;
  errors?: number;
}

function hang(way: string, seconds: number, options: object): Program {
  const args = [way, String(seconds), JSON.stringify(options)];
  return startProgram("tests/support/hang_program.ts", { args, timeoutSeconds: 60 });
}

function parse<Kind>(text: string): Kind[] {
  return text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

const linesOf = ({ errors }: ProgramExit): Line[] => parse<Line>(errors);

/** What is told of requests that hang: what hung while everything was compiled, or a busy machine stood still, is none. */
const ofRequests = (exit: ProgramExit): Line[] =>
  linesOf(exit).filter(({ kind, event }, i, all) =>
    kind === "request" || (event === "event_loop_hang_over" && all[i - 1]?.kind === "request")
  );

async function started(program: Program): Promise<Told> {
  await until(() => Promise.resolve(program.output), (output) => output.includes("\n"), 30);
  return parse<Told>(program.output)[0]!;
}

/** What the process has told at its end. */
function toldBy({ code, output, errors }: ProgramExit): Told {
  assertEquals(code, 0, errors);
  return parse<Told>(output).at(-1)!;
}

describe("a watchdog", () => {
  const ways = [
    { way: "loop", what: "an endless loop", culprit: "spin" },
    { way: "regex", what: "a regular expression", culprit: "backtrack" },
    { way: "wait", what: "Atomics.wait", culprit: "wait" },
    // Native code that does not look up cannot be paused.
    { way: "exec", what: "execSync", culprit: undefined },
  ];
  for (const { way, what, culprit } of ways) {
    it(`names the request that hangs in ${what}, twice while it lasts and once when it is over`, async () => {
      using stood = new StoodStill();
      const threshold = 0.25;
      const program = hang(way, 5, { thresholdSeconds: threshold, deadSeconds: 1.5, server: { port: 0 } });
      const { ready } = await started(program);
      const livez = `http://127.0.0.1:${ready!.port}/livez`;
      const ask = async () => {
        const response = await fetch(livez, { signal: AbortSignal.timeout(5000) });
        return { status: response.status, text: await response.text() };
      };
      assertEquals(await ask(), { status: 200, text: "ok\n" });
      const dead = await until(ask, ({ status, text }) => status === 503 && text.includes("GET"), 20);
      assertEquals(dead.status, 503);
      assertStringIncludes(dead.text, "held by request GET /hang/:id");

      const exit = await program.exited;
      stood.note();
      const { blamed, errors } = toldBy(exit);
      const lines = ofRequests(exit);
      console.log(`${runtimeTitle}, ${what}: ${lines.map(({ message }) => message).join("; ")}`, lines[0]?.stack?.[0]);
      assertEquals(errors, 0);
      assertEquals(lines.map(({ event }) => event), [
        "event_loop_hang",
        "event_loop_hang",
        "event_loop_hang_over",
      ]);
      const [first, second, over] = lines as [Line, Line, Line];
      for (const { kind, name, pid } of [first, second]) {
        assertEquals([kind, name, pid], ["request", "GET /hang/:id", program.process.pid]);
      }
      assertAlmostEquals(first.seconds, threshold, 0.15);
      assertAlmostEquals(second.seconds, 10 * threshold, 0.15);
      const truth = blamed!["request GET /hang/:id"]!;
      // Of the thread's last sleep neither tells more than it was to take; a machine may have stood still in it.
      assertAlmostEquals(over.seconds + (over.notScheduledSeconds ?? 0), truth, 0.2 + stood.seconds);
      if (culprit === undefined || runtimeName !== "node") return;
      for (const { stack } of [first, second]) {
        assert(
          stack!.some((frame) => frame.startsWith(culprit) && frame.includes("hang_program.ts:")),
          stack!.join("\n"),
        );
      }
    });
  }

  it("says nothing of a process that is stopped and goes on, and blames the host", async () => {
    using stood = new StoodStill();
    // Less than it is stopped, and more than a busy machine takes to compile something.
    const program = hang("none", 5, { thresholdSeconds: 1.5, deadSeconds: 1.5, server: { port: 0 } });
    const { ready } = await started(program);
    await sleep(1);
    const stoppedAt = now();
    program.signal("SIGSTOP");
    await sleep(2);
    program.signal("SIGCONT");
    const stopped = now() - stoppedAt;
    const { status } = await fetch(`http://127.0.0.1:${ready!.port}/livez`);
    assertEquals(status, 200);
    const exit = await program.exited;
    stood.note();
    assertEquals(exit.errors, "");
    const { blamed, waited } = toldBy(exit);
    console.log(
      `${runtimeTitle}, stopped for 2 s: blamed ${JSON.stringify(blamed)}; waited for a core for ${waited} s`,
    );
    // A busy machine keeps it from a core as well, and one that stands still stops it, which is the host's doing, too.
    assertGreater(blamed!["host"]!, 1.8);
    assertLess(blamed!["host"]!, stopped + 0.2 + waited! + stood.seconds);
    const others = Object.entries(blamed!).filter(([who]) => !["host", "unknown", "gc"].includes(who));
    assertEquals(others.filter(([, seconds]) => seconds > 0.1), []);
  });

  it("ends a process that hangs for abortSeconds, and says why", async () => {
    const program = hang("forever", 0, { thresholdSeconds: 0.3, abortSeconds: 1 });
    const exit = await program.exited;
    assertEquals(exit.signal, "SIGABRT");
    const lines = ofRequests(exit);
    assertEquals(lines.map(({ event }) => event), ["event_loop_hang", "event_loop_abort"]);
    const { kind, name, seconds, stack, rssBytes } = lines[1]!;
    assertEquals([kind, name], ["request", "GET /hang/:id"]);
    assertAlmostEquals(seconds, 1, 0.3);
    assertGreater(rssBytes!, 1e6);
    assertEquals(stack !== undefined, runtimeName === "node");
    assertLess(exit.seconds, 20);
  });

  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-unread-"));
  after(() => rmSync(folder, { recursive: true }));
  /** Starts a program whose stderr is a pipe that is full before anything hangs; its own end of the pipe keeps it open. */
  const unread = (name: string, program: string, args: string[], stdout: "ignore" | "pipe") => {
    const pipe = join(folder, name);
    spawnSync("mkfifo", [pipe]);
    const fill = 'timeout 1 cat /dev/zero >&2; exec "$@"';
    return spawn("sh", ["-c", `exec 2<>${pipe}; ${fill}`, "sh", ...programCommand(program, { args })], {
      stdio: ["ignore", stdout, "ignore"],
      timeout: 30_000,
      killSignal: "SIGKILL",
    });
  };
  for (const way of ["stderr", "forever"]) {
    it(
      `ends a process also where nobody reads its stderr: ${way}`,
      { skip: process.platform === "win32" },
      async () => {
        const args = [way, "0", '{"thresholdSeconds":0.3,"abortSeconds":1}'];
        const child = unread(way, "tests/support/hang_program.ts", args, "ignore");
        const signal = await new Promise((ended) => child.once("close", (_code, name) => ended(name)));
        assertEquals(signal, "SIGABRT");
      },
    );
  }

  it("leaves the app its files, however many lines nobody reads", { skip: process.platform === "win32" }, async () => {
    const child = unread("files", "tests/support/unread_program.ts", [], "pipe");
    let output = "";
    for await (const piece of child.stdout!) {
      output += String(piece);
      if (output.split("\n").length > 4) break;
    }
    // A write that is under way keeps Node from ending.
    child.kill("SIGKILL");
    assertEquals(output, "read\n".repeat(4));
  });

  it("lets the app live where its port is taken, tells that, and watches all the same", async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as AddressInfo;
    // Only time in which the thread was run counts: a machine may stand still for two seconds of the hang.
    const exit = await hang("loop", 3, { thresholdSeconds: 0.8, server: { port } }).exited;
    other.close();
    const { errors } = toldBy(exit);
    assertEquals(errors, 1);
    const { failed } = parse<Told>(exit.output)[0]!;
    assertStringIncludes(failed!, "EADDRINUSE");
    const first = linesOf(exit).find(({ event }) => event === "watchdog_server_failed");
    const hangs = ofRequests(exit).map(({ event }) => event);
    assertEquals([first?.event, ...hangs], ["watchdog_server_failed", "event_loop_hang", "event_loop_hang_over"]);
    assertStringIncludes(first!.message, "EADDRINUSE");
  });
});
