/**
 * Which addresses are in a range.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import type { ProcessLike, Runtime } from "./shim.ts";

/** The calls of `node:net` that are used. */
interface NetLike {
  isIP(text: string): number;
  readonly BlockList: new () => {
    addSubnet(address: string, bits: number, family: "ipv4" | "ipv6"): void;
    check(address: string, family: "ipv6"): boolean;
  };
}

/**
 * Makes the reader of ranges of addresses.
 *
 * Everything is asked as IPv6: of IPv4 addresses and ranges of IPv6 the runtimes' own lists do not think alike (Deno 2.9
 * finds none in `::/0`, Bun 1.4 all).
 */
export function addressRanges(process: ProcessLike): Runtime["addressRange"] {
  if (!process.getBuiltinModule) return undefined;
  // A zone, behind `%`, is of the machine and not of the address.
  const plain = (text: string): string => text.split("%", 1)[0]!;
  return (text) => {
    // Only now: loading it costs a millisecond, and few give addresses.
    const net = builtin<NetLike>(process, "node:net")!;
    const [given = "", length, more] = text.split("/");
    const address = plain(given);
    const version = net.isIP(address);
    const most = version === 4 ? 32 : 128;
    const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
    if (version === 0 || more !== undefined || !(bits <= most)) return undefined;
    const list = new net.BlockList();
    list.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
    return (other) => {
      const asked = plain(other);
      const family = net.isIP(asked);
      return family !== 0 && list.check(family === 4 ? `::ffff:${asked}` : asked, "ipv6");
    };
  };
}
