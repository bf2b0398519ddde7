/**
 * Serves a fetch handler on whichever runtime this is. What an app really does stands in `demo/`.
 *
 * @module
 */

import process from "node:process";

type Handler = (request: Request) => Response | Promise<Response>;

/** The servers of Deno and Bun, as far as they are used here. */
interface Servers {
  Deno?: { serve(options: { port: number; onListen: () => void }, handler: Handler): { addr: { port: number } } };
  Bun?: { serve(options: { port: number; fetch: Handler }): { port: number } };
}

/**
 * Serves on the port of the environment's `PORT`, or on 3000.
 *
 * @param handler Answers requests.
 * @param paths What to try.
 * @returns The port.
 */
export async function serve(handler: Handler, ...paths: string[]): Promise<number> {
  const port = await listen(handler, Number(process.env["PORT"] ?? 3000));
  console.log(`Listening: ${paths.map((path) => `http://localhost:${port}${path}`).join("  ")}`);
  return port;
}

async function listen(fetch: Handler, port: number): Promise<number> {
  const { Deno, Bun } = globalThis as unknown as Servers;
  if (Deno) return Deno.serve({ port, onListen: () => {} }, fetch).addr.port;
  if (Bun) return Bun.serve({ port, fetch }).port;
  const { serve } = await import("@hono/node-server");
  return await new Promise((resolve) => serve({ fetch, port }, (address) => resolve(address.port)));
}
