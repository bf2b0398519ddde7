/**
 * What `npm start -- --load` does: visitors of every kind, a slow moment each quarter of a minute, now and then a stall.
 *
 * @module
 */

import process from "node:process";

/** One round of visitors, every 250 ms. */
function visitorsOf(round: number): string[] {
  const visitors = ["/users/7", "/users/8", "/books/" + (1 + round % 9)];
  if (round % 2 === 0) visitors.push("/relay", "/limited");
  if (round % 6 === 0) visitors.push("/work?ms=40", "/missing");
  if (round % 8 === 0) visitors.push("/stream?ms=900");
  if (round % 20 === 0) visitors.push("/pool?jobs=2", "/block?ms=25");
  if (round % 60 >= 50) { for (let i = 0; i < 8; i++) visitors.push("/limited"); }
  if (round % 80 === 8) visitors.push("/report?ms=350");
  return visitors;
}

/**
 * Asks a server for what makes its page interesting, until the process is to end.
 *
 * @param url Where it listens, without a slash at the end.
 */
export function makeLoad(url: string): void {
  const ask = (path: string): void => void fetch(url + path).then((response) => response.arrayBuffer()).catch(() => {});
  let round = 0;
  const timer = setInterval(() => visitorsOf(round++).forEach(ask), 250);
  // The server waits for its visitors before it ends.
  process.once("SIGTERM", () => clearInterval(timer));
}
