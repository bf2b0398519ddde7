import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Below those that systems deal out by themselves (from 32768 on Linux, 49152 elsewhere): what listens on port 0, and every
 * connection that anybody opens, may take one of those between the choice of a port and the start of the program it is for.
 */
const first = 20_000;
const end = 32_000;
const chosen = new Set<number>();

/** A port that nobody listens on, for programs that do not say which one the system has chosen for them. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * (end - first));
    if (chosen.has(port)) continue;
    chosen.add(port);
    if (await reserve(port) && await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/**
 * Takes it from the tests of all other processes until this one ends: they see it free as well, until the program that it is
 * for listens. What tells them is the same port of UDP, which nobody here listens on.
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, "127.0.0.1", () => {
      socket.unref();
      resolve(true);
    });
  });
}
