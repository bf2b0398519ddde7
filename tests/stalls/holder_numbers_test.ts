import { it } from "node:test";
import { assertEquals } from "@std/assert";
import { HolderNumbers } from "../../src/stalls/holder_numbers.ts";
import type { RequestHolder } from "../../src/work/loop_blame.ts";

it("a request whose route was found gives its name to no other request of its series", () => {
  const names: string[] = [""];
  const numbers = new HolderNumbers(({ number, name }) => names[number] = name);
  const series = { method: "GET", route: "none" };
  const request = (route: string): RequestHolder => ({ series, heldBy: () => ["request", `GET ${route}`] });
  const nameOf = (holder: RequestHolder, isRouted?: boolean): string => names[numbers.of(holder, isRouted)]!;
  assertEquals([nameOf(request("/found")), nameOf(request("/found"), true), nameOf(request("none"))], [
    "GET none",
    "GET /found",
    "GET none",
  ]);
});
