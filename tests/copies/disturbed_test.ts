import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { Gauge } from "prom-client";
import { joinCopies, type JoinOptions } from "@rtm/runtime-metrics/copies";
import { frameOf, FrameReader } from "../../src/copies/frames.ts";
import { get, requests, states, type TestCopy, untilCopies } from "../support/copies.ts";
import { copyErrors, type OwnCopy, startCopy } from "../support/own_copies.ts";
import { Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

/** The directory is looked through at most once a second. */
const lookMilliseconds = 1100;

describe("copies that are disturbed", () => {
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

  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "copies-"))));
  afterEach(() => {
    for (const { monitor } of left.splice(0)) monitor.stop();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    for (const server of servers.splice(0)) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("meet again when their directory was removed, and keep what they have counted", async () => {
    const [one, two] = [enter(), enter()];
    await one.count(2);
    await until(() => two.page(), (page) => requests(page) === 2 && states(page)["alive"] === 2);
    rmSync(directory, { recursive: true });
    // Connections need no directory.
    assertEquals([requests(await two.page()), states(await two.page())["alive"]], [2, 2]);
    await delay(lookMilliseconds);
    for (const copy of [one, two]) await copy.page();
    await until(() => Promise.resolve(existsSync(directory) && readdirSync(directory).length), (names) => names === 2);
    // Each can be found by a new one, whose first page is whole.
    const three = enter();
    const page = await until(() => three.page(), (page) => states(page)["alive"] === 3);
    assertEquals([requests(page), copyErrors(page)], [2, 0]);
    for (const { monitor } of left.splice(0)) monitor.stop();
    assertEquals(readdirSync(directory), []);
  });

  it("meet again when a socket was removed", async () => {
    const one = enter();
    const [name] = await until(() => Promise.resolve(readdirSync(directory)), (names) => names.length > 0) as [string];
    for (let i = 0; i < 3; i++) {
      rmSync(join(directory, name));
      await delay(lookMilliseconds);
      await one.page();
      await until(() => Promise.resolve(readdirSync(directory)), (names) => names.includes(name));
    }
    const two = enter();
    assertEquals(states(await until(() => two.page(), (page) => states(page)["alive"] === 2))["late"], 0);
  });

  it("go on with the connections that they have when others may enter the directory, and count it once", async () => {
    const [one, two] = [enter(), enter()];
    await two.count(1);
    await until(() => one.page(), (page) => states(page)["alive"] === 2 && requests(page) === 1);
    chmodSync(directory, 0o755);
    const three = (): OwnCopy => startCopy({ directory });
    assertThrows(three, Error, "has mode 0755");
    for (let i = 0; i < 3; i++) {
      await delay(lookMilliseconds);
      const page = await one.page();
      assertEquals([requests(page), states(page)["alive"]], [1, 2]);
    }
    assertEquals(copyErrors(await one.page()), 1);
  });

  const user = 12345;
  const skip = process.getuid?.() !== 0 && "only root may start a copy of another user";
  /** Does something with a copy that runs as another user, to whom the directory belongs. */
  async function withOtherUser(act: (port: number) => Promise<void>): Promise<void> {
    const home = mkdtempSync(join(tmpdir(), "home-"));
    chownSync(directory, user, user);
    chownSync(home, user, user);
    const file = startable("tests/support/copies_directory_program.ts");
    const env = { DIRECTORY: directory, HOME: home, TMPDIR: home, DENO_DIR: home };
    const program = startProgram(file, { env, uid: user, timeoutSeconds: 100 });
    try {
      const [{ port }] = await untilCopies(program, 1) as [TestCopy];
      await act(port);
    } finally {
      program.signal("SIGKILL");
      await program.exited;
      rmSync(home, { recursive: true, force: true });
    }
  }

  it("count a directory that cannot be read any more", { skip }, () =>
    withOtherUser(async (port) => {
      const page = async (): Promise<Page> => new Page(await get(port, "/metrics"));
      assertEquals(copyErrors(await page()), 0);
      chmodSync(directory, 0);
      assertEquals(copyErrors(await until(page, (page) => copyErrors(page) > 0)), 1);
    }));

  it("take nothing from a copy of another user", { skip }, () =>
    withOtherUser(async (port) => {
      await get(port, "/");
      assertThrows(() => startCopy({ directory }), Error, `belongs to user ${user}`);
      // Its socket is still there when the directory has become ours.
      chownSync(directory, 0, 0);
      const one = enter({ directory, deadlineSeconds: 5 });
      await one.count(3);
      await until(() => one.page(), (page) => copyErrors(page) > 0);
      await delay(lookMilliseconds);
      const page = await one.page();
      assertEquals([requests(page), copyErrors(page)], [3, 1]);
      assertEquals(states(page), { alive: 1, late: 0, ended: 0 });
      // The other sees that, too, and goes on alone.
      const other = new Page(await get(port, "/metrics"));
      assertEquals([requests(other), copyErrors(other)], [1, 1]);
    }));

  it("are left once, however often that is said, and not joined twice", async () => {
    const [one, two] = [enter(), enter()];
    await one.count(3);
    await until(() => two.page(), (page) => requests(page) === 3);
    assertThrows(() => joinCopies(one.monitor, { directory }), Error, "this monitor has joined already");
    one.copies.leave();
    one.copies.leave();
    one.copies[Symbol.dispose]();
    await one.count(2);
    // It shows itself alone, and the others what it had counted when it left.
    const alone = await one.page();
    assertEquals([requests(alone), alone.has("runtime_copies")], [5, false]);
    const page = await until(() => two.page(), (page) => states(page)["ended"] === 1);
    assertEquals([requests(page), states(page)], [3, { alive: 1, late: 0, ended: 1 }]);
    // What it goes on counting would be counted twice.
    assertThrows(() => joinCopies(one.monitor, { directory }), Error, "this monitor has left the others");
    one.monitor.stop();
    one.copies.leave();
    assertEquals(states(await two.page()), { alive: 1, late: 0, ended: 1 });
  });

  it("are still told when the app clears its registry", async () => {
    const [one, two] = [enter(), enter()];
    await one.count(2);
    await until(() => two.page(), (page) => requests(page) === 2);
    one.registry.clear();
    await one.count(1);
    const page = await until(() => two.page(), (page) => requests(page) === 3);
    assertEquals(states(page), { alive: 2, late: 0, ended: 0 });
    assertEquals(requests(await one.page()), 3);
  });

  /** Somebody who speaks as this socket says, to whoever connects. */
  const speak = (id: string, speak: (socket: Socket) => void, room = directory): Promise<void> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        speak(socket);
      });
      servers.push(server);
      server.listen(join(room, `default.${id}.sock`), resolve);
    });

  it("keep apart from those of another version, say which, and do not wait for them", async () => {
    const said: string[] = [];
    const { warn } = console;
    console.warn = (sentence: string) => void said.push(sentence);
    try {
      let heard = 0;
      await speak("aaaaaaaa", (socket) => {
        const reader = new FrameReader();
        socket.on("data", (chunk: Uint8Array) => {
          for (const text of reader.take(chunk)) {
            heard++;
            const { group } = JSON.parse(text.split("\n")[0]!) as { group: string };
            // A later version keeps these two, and may change all else.
            socket.write(frameOf(JSON.stringify({ version: 2, group, from: "aaaaaaaa", kinds: {} }))!);
          }
        });
      });
      const [one, two] = [enter({ directory, deadlineSeconds: 10 }), enter({ directory, deadlineSeconds: 10 })];
      await two.count(4);
      await until(() => one.page(), (page) => requests(page) === 4 && states(page)["alive"] === 2);
      const begin = performance.now();
      for (let i = 0; i < 5; i++) {
        const page = await one.page();
        assertEquals([requests(page), states(page)], [4, { alive: 2, late: 0, ended: 0 }]);
      }
      // Each page would have waited for 10 s.
      assertLess((performance.now() - begin) / 1000, 9);
      assert(heard > 5, "it was not even asked");
      // Once for each of the two, however often it speaks.
      assertEquals(copyErrors(await one.page()), 2);
      assertEquals([...new Set(said)], [
        "Cannot read copy: a copy of the same group speaks version 2, and this one 1",
      ]);
    } finally {
      console.warn = warn;
    }
  });

  it("do not wait for who answers garbage", async () => {
    await speak("aaaaaaaa", (socket) => void socket.write("garbage\n"));
    const one = enter({ directory, deadlineSeconds: 10 });
    await one.count(1);
    const page = await until(() => one.page(), (page) => copyErrors(page) > 0);
    assertEquals(requests(page), 1);
    const next = await one.page();
    assertEquals([requests(next), states(next)], [1, { alive: 1, late: 0, ended: 0 }]);
  });

  const strangers: [string, (socket: Socket) => void][] = [
    ["answers garbage", (socket) => void socket.write("garbage\n")],
    ["says nothing", () => {}],
    ["hangs up", (socket) => socket.destroy()],
    ["says what it hears", (socket) => socket.pipe(socket)],
  ];
  async function meetStranger(what: string, answer: (socket: Socket) => void): Promise<void> {
    const room = mkdtempSync(join(directory, "room-"));
    let connections = 0;
    await speak("aaaaaaaa", (socket) => {
      connections++;
      answer(socket);
    }, room);
    const enterShortly = (): OwnCopy => enter({ directory: room, deadlineSeconds: 0.5 });
    const [one, two] = [enterShortly(), enterShortly()];
    await until(() => one.page(), (page) => states(page)["alive"] === 2);
    await delay(600);
    // Who takes the stranger for a copy tells of one that is late on each page; a machine that stands still, on one of them.
    const isWhole = (page: Page): boolean => states(page)["late"] === 0;
    for (let i = 0; i < 3; i++) {
      for (const copy of [one, two]) {
        const page = await until(() => copy.page(), isWhole);
        assertEquals(states(page), { alive: 2, late: 0, ended: 0 }, what);
      }
      await delay(lookMilliseconds);
    }
    assertEquals(connections, 2, what);
  }

  // Each in a directory of its own, and all at once, since most of it is waiting.
  it(
    `take nobody for a copy who ${
      strangers.map(([what]) => what).join(", or ")
    }, connect with it once, and do not tell each other of it`,
    async () => {
      await Promise.all(strangers.map(([what, answer]) => meetStranger(what, answer)));
    },
  );

  it("refuse to take a page that is longer than a message, and say so", async () => {
    const said: string[] = [];
    const { warn } = console;
    console.warn = (sentence: string) => void said.push(sentence);
    try {
      const [one, two] = [enter({ directory, deadlineSeconds: 10 }), enter({ directory, deadlineSeconds: 0.3 })];
      await until(() => two.page(), (page) => states(page)["alive"] === 2);
      new Gauge({ name: "x", help: "x".repeat(33 * 2 ** 20), registers: [one.registry] }).set(1);
      await two.page();
      // Copies of other tests may warn meanwhile of strangers that they have met.
      const isSaid = (said: string[]): boolean =>
        said.some((each) => each.includes("its own page is longer than the 33554432 bytes"));
      assert(isSaid(await until(() => Promise.resolve(said), isSaid)), said.join("\n"));
      assertEquals(states(await two.page())["late"], 1);
    } finally {
      console.warn = warn;
    }
  });
});
