import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertThrows } from "@std/assert";
import type { JoinOptions } from "@rtm/runtime-metrics/copies";
import { frameOf } from "../../src/copies/frames.ts";
import {
  Client,
  kill,
  requests,
  sendCounted,
  states,
  type TestCopy,
  untilCopies,
  untilRequests,
  untilStates,
  Watch,
} from "../support/copies.ts";
import { freePort } from "../support/free_port.ts";
import { now, runtimeName } from "../support/loop.ts";
import { copyErrors as errors, type OwnCopy, startCopy } from "../support/own_copies.ts";
import { type Program, startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { StoodStill } from "../support/stood_still.ts";
import { until } from "../support/until.ts";

const file = startable("tests/support/copies_directory_program.ts");

/** How long something takes, in seconds, without those in which the machine stood still. */
async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  using stood = new StoodStill();
  const begin = now();
  await act();
  stood.note();
  return now() - begin - stood.seconds;
}

describe("processes that meet in a directory", () => {
  const directory = mkdtempSync(join(tmpdir(), "copies-"));
  const watch = new Watch();
  let shared: number;
  let programs: Program[];
  let copies: TestCopy[];
  let sent = 0;
  const start = (group = "default"): Program =>
    startProgram(file, {
      env: { DIRECTORY: directory, SHARED_PORT: String(shared), GROUP: group },
      timeoutSeconds: 100,
    });

  before(async () => {
    shared = await freePort();
    programs = [1, 2, 3, 4].map(() => start());
    copies = await Promise.all(programs.map(async (program) => (await untilCopies(program, 1))[0]!));
    await untilStates(watch, copies[0]!.port, { alive: 4, late: 0, ended: 0 });
  });
  after(async () => {
    for (const program of programs) program.signal("SIGKILL");
    await Promise.all(programs.map(({ exited }) => exited));
    rmSync(directory, { recursive: true, force: true });
  });

  it("tell exactly what their clients sent, behind one port where the runtime shares it", async () => {
    const ports = runtimeName === "bun" ? [shared, shared, shared] : copies.map(({ port }) => port);
    const clients = ports.map((port) => new Client(port));
    for (let i = 0; i < 8; i++) await watch.scrape(copies[i % 4]!.port);
    for (const client of clients) sent += await client.end();
    for (const { port } of copies) assertEquals(await untilRequests(watch, port, sent), sent);
    assertEquals(watch.falls, []);
  });

  it("lose nothing that a page has shown when two are killed at once", async () => {
    sent += await sendCounted(watch, copies);
    assertEquals(await untilRequests(watch, copies[3]!.port, sent), sent);
    kill(copies[3]!.pid, "SIGKILL");
    kill(copies[2]!.pid, "SIGKILL");
    const page = await untilStates(watch, copies[0]!.port, { alive: 2, late: 0, ended: 2 });
    assertEquals(requests(page), sent);
    assertEquals(await untilRequests(watch, copies[1]!.port, sent), sent);
    assertEquals(watch.falls, []);
    // Nothing is left of those that are gone.
    assertEquals(readdirSync(directory).length, 2);
  });

  it("meet those that come later, and not those of another group", async () => {
    const [fresh, foreign] = [start(), start("other")];
    programs.push(fresh, foreign);
    const [{ port }] = await untilCopies(fresh, 1) as [TestCopy];
    const [other] = await untilCopies(foreign, 1) as [TestCopy];
    const page = await untilStates(watch, port, { alive: 3, late: 0, ended: 2 });
    assertEquals(requests(page), sent);
    assertEquals(states(await new Watch().scrape(other.port)), { alive: 1, late: 0, ended: 0 });
    assertEquals(watch.falls, []);
  });
});

describe("a directory for copies", () => {
  let directory: string;
  const left: OwnCopy[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  // A page waits for nobody that long where all answer.
  const enter = (options: JoinOptions = { directory, deadlineSeconds: 5 }): OwnCopy => {
    const copy = startCopy(options);
    left.push(copy);
    return copy;
  };
  /** Somebody who is no copy, and answers as it likes. */
  const serve = (name: string, answer: (socket: Socket) => void): Promise<string> => {
    const path = join(directory, name);
    return new Promise((resolve) => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        answer(socket);
      });
      servers.push(server);
      server.listen(path, () => resolve(path));
    });
  };

  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "copies-"))));
  afterEach(() => {
    for (const { monitor } of left.splice(0)) monitor.stop();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    for (const server of servers.splice(0)) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("is made where it is missing, for this user alone, and left empty", async () => {
    const path = join(directory, "run");
    const copy = enter({ directory: `${path}/`, deadlineSeconds: 5 });
    const [name] = await until(() => Promise.resolve(readdirSync(path)), (names) => names.length > 0) as [string];
    assert(/^default\.\w{8}\.sock$/.test(name), name);
    await copy.page();
    copy.copies.leave();
    assertEquals(readdirSync(path), []);
  });

  const wrong: [string, (path: string) => void, RegExp][] = [
    ["others may enter", (path) => mkdirSync(path, { mode: 0o755 }), /with mode 0700; .* has mode 0755/],
    ["others may look into", (path) => {
      mkdirSync(path);
      chmodSync(path, 0o740);
    }, /has mode 0740/],
    ["itself may not be written to", (path) => mkdirSync(path, { mode: 0o500 }), /has mode 0500/],
    ["has a sticky bit", (path) => {
      mkdirSync(path);
      chmodSync(path, 0o1700);
    }, /has mode 1700/],
    ["is a link", (path) => symlinkSync(directory, path), /is no directory/],
    ["is a file", (path) => writeFileSync(path, ""), /is no directory/],
    ...process.getuid?.() === 0
      ? [["is another user's", (path) => {
        mkdirSync(path, { mode: 0o700 });
        chownSync(path, 12345, 12345);
      }, /belongs to user 12345/] as [string, (path: string) => void, RegExp]]
      : [],
  ];
  for (const [what, make, message] of wrong) {
    it(`is refused where it ${what}`, () => {
      const path = join(directory, "run");
      make(path);
      for (const spelled of [path, `${path}/`, `${path}/.`, `${path}/x/..//`]) {
        assertThrows(
          () => startCopy({ directory: spelled }),
          Error,
          message.source.includes("0700") ? "0700" : message.source.replace(/^.*; /, ""),
        );
      }
    });
  }

  it("may have the bit that directories get from a group's directory above them", () => {
    chmodSync(directory, 0o2700);
    enter();
  });

  it("is refused where its path is not absolute", () => {
    for (const relative of ["run", "./run", "../run"]) {
      assertThrows(() => startCopy({ directory: relative }), RangeError, `must be absolute, since processes`);
    }
  });

  it("is refused where it cannot be made, or is too long for a socket", () => {
    assertThrows(() => startCopy({ directory: join(directory, "no", "such") }), Error, "cannot be made");
    assertThrows(() => startCopy({ directory: `/tmp/${"x".repeat(90)}` }), RangeError, "at most 103 bytes");
  });

  it("holds things that are no sockets of this user's, which are counted once and not touched", async () => {
    const [one, two] = [enter(), enter()];
    writeFileSync(join(directory, "default.aaaaaaaa.sock"), "no socket");
    symlinkSync(await serve("elsewhere", () => {}), join(directory, "default.bbbbbbbb.sock"));
    if (process.getuid?.() === 0) chownSync(await serve("default.cccccccc.sock", () => {}), 12345, 12345);
    const wrong = process.getuid?.() === 0 ? 3 : 2;
    await until(() => one.page(), (page) => errors(page) >= wrong);
    await delay(1200);
    await two.count(3);
    const page = await one.page();
    assertEquals([errors(page), requests(page)], [wrong, 3]);
    assertEquals(states(page), { alive: 2, late: 0, ended: 0 });
    assertEquals(readdirSync(directory).length, 2 + 1 + wrong);
  });

  const hostile: [string, (socket: Socket) => void][] = [
    ["garbage", (socket) => void socket.write("garbage\n\0\n")],
    ["no length", (socket) => void socket.write("\n")],
    ["what is longer than any message", (socket) => void socket.write("33554433\n")],
    ["a gigabyte", (socket) => {
      socket.write("1073741824\n");
      let left = 1024;
      const more = (error?: Error | null): void => {
        if (!error && left-- > 0) socket.write(new Uint8Array(1_048_576), more);
      };
      more();
    }],
    ["bytes that are no text", (socket) => void socket.write(new Uint8Array([49, 10, 255]))],
    ["a message that is none", (socket) => void socket.write(frameOf('{"version":1}')!)],
    ["families that are none", (socket) => {
      const head = { version: 1, group: "default", kind: "tell", from: "aaaaaaaa", round: 1, at: 1, reports: 1 };
      socket.write(frameOf(`${JSON.stringify(head)}\n{"id":"aaaaaaaa"}\nnone`)!);
    }],
  ];
  for (const [what, answer] of hostile) {
    it(`is safe from who answers ${what}`, async () => {
      await serve("default.aaaaaaaa.sock", answer);
      const [one, two] = [1, 2].map(() => enter({ directory, deadlineSeconds: 0.2 })) as [OwnCopy, OwnCopy];
      await two.count(2);
      const page = await until(() => one.page(), (page) => errors(page) > 0);
      assertGreaterOrEqual(errors(page), 1);
      // It may be there or be gone, and is never on the page.
      assertLess(await secondsOf(() => one.page()), 0.2 + 1.5);
      // The other copy may miss such a deadline as well, where the machine stands still.
      assertEquals(requests(await until(() => one.page(), (page) => requests(page) >= 2)), 2);
    });
  }

  it("waits no longer than the deadline for who never answers, or for ever", async () => {
    await serve("default.aaaaaaaa.sock", () => {});
    await serve("default.bbbbbbbb.sock", (socket) => {
      const more = (): void => {
        if (!socket.destroyed) socket.write("9", () => setTimeout(more, 5));
      };
      socket.write("33554432\n");
      more();
    });
    const one = enter({ directory, deadlineSeconds: 0.2 });
    await one.count();
    assertLess(await secondsOf(() => one.page()), 0.2 + 1.5);
    await delay(300);
    const page = await one.page();
    assertEquals([requests(page), states(page)], [1, { alive: 1, late: 0, ended: 0 }]);
  });

  it("takes nothing from who connects and says nothing, or nothing true", async () => {
    const one = enter();
    const [name] = await until(() => Promise.resolve(readdirSync(directory)), (names) => names.length > 0) as [string];
    const silent = connect(join(directory, name));
    const liar = connect(join(directory, name));
    for (const socket of [silent, liar]) socket.on("error", () => {});
    liar.write("nonsense");
    const closed = new Promise((resolve) => liar.on("close", resolve));
    await closed;
    assertEquals(errors(await one.page()), 1);
    silent.destroy();
  });

  it("is rid of sockets that nobody listens on, once they are old enough to be sure", async () => {
    const program = startProgram(file, { env: { DIRECTORY: directory } });
    await untilCopies(program, 1);
    program.signal("SIGKILL");
    await program.exited;
    const [stale] = readdirSync(directory) as [string];
    // However long the program took to start and to end: a file is young from 5 s before its time to 5 s behind it.
    const young = Date.now() / 1000 + 4;
    utimesSync(join(directory, stale), young, young);
    const one = enter();
    await one.page();
    await delay(1100);
    await one.page();
    assert(readdirSync(directory).includes(stale));
    utimesSync(join(directory, stale), 1, 1);
    const names = await until(
      async () => {
        await one.page();
        return readdirSync(directory);
      },
      (names) => names.length === 1,
    );
    assertEquals(names.length, 1);
  });

  it("is as before when many have come and gone, and so are descriptors; their sums stay", async () => {
    const one = enter();
    await one.page();
    const open = (): number | undefined => {
      try {
        return readdirSync("/proc/self/fd").length;
      } catch {
        return undefined;
      }
    };
    const before = open();
    const count = 100;
    for (let i = 1; i <= count; i++) {
      const copy = startCopy({ directory });
      await copy.count();
      await until(() => one.page(), (page) => page.value('runtime_copies{state="alive"}') === 2);
      copy.monitor.stop();
      const page = await until(() => one.page(), (page) => page.value('runtime_copies{state="alive"}') === 1);
      assertEquals([requests(page), states(page)], [i, { alive: 1, late: 0, ended: i }]);
    }
    assertEquals(readdirSync(directory).length, 1);
    const after = await until(() => Promise.resolve(open()), (after) => (after ?? 0) <= (before ?? 0) + 2);
    assertLess(after ?? 0, (before ?? 0) + 3);
  });
});
