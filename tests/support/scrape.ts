import { assertEquals } from "@std/assert";
import { Page } from "./page.ts";

/**
 * Scrapes a server.
 *
 * @param url Its address, without a slash at the end.
 * @returns What stands on its page.
 */
export async function scrapeServer(url: string): Promise<Page> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return new Page(text);
}
