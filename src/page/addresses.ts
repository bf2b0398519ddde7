/**
 * Addresses and ranges of addresses, of both versions of IP.
 *
 * @module
 */

/** A range of addresses: 16 bytes, and how many of their bits count. */
export interface AddressRange {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * Reads an address.
 *
 * @param text Such as `10.0.0.1`, `::1` or `::ffff:10.0.0.1`; a zone behind `%` is left out.
 * @returns Its 16 bytes, those of version 4 as IPv6 maps them; undefined where it is none.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  const [plain = ""] = text.split("%", 1);
  const version4 = /^(.*:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(plain);
  let groups = plain;
  if (version4) {
    const parts = version4.slice(2).map(Number);
    if (parts.some((part) => part > 255)) return undefined;
    const [a, b, c, d] = parts as [number, number, number, number];
    groups = `${version4[1] ?? "::ffff:"}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
  }
  const halves = groups.split("::");
  if (halves.length > 2) return undefined;
  const [front, back = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const given = front!.length + back.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
  const all = [...front!, ...Array.from({ length: 8 - given }, () => "0"), ...back];
  for (const [i, group] of all.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const number = Number.parseInt(group, 16);
    bytes[i * 2] = number >> 8;
    bytes[i * 2 + 1] = number & 255;
  }
  return bytes;
}

/**
 * Reads an address or a range of them.
 *
 * @param text Such as `10.0.0.0/8` or `::1`.
 * @returns The range; undefined where it is none.
 */
export function parseRange(text: string): AddressRange | undefined {
  const [address = "", length, more] = text.split("/");
  const bytes = parseAddress(address);
  if (!bytes || more !== undefined) return undefined;
  const most = address.includes(":") ? 128 : 32;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const bits = length === undefined ? most : Number(length);
  return bits > most ? undefined : { bytes, bits: bits + 128 - most };
}

/**
 * Is the address in the range?
 *
 * @param address What {@linkcode parseAddress} answered.
 * @param range The range.
 * @returns True if every bit that counts is the same.
 */
export function isIn(address: Uint8Array, { bytes, bits }: AddressRange): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const mask = 0xff << 8 - (bits & 7) & 0xff;
  return mask === 0 || (address[whole]! & mask) === (bytes[whole]! & mask);
}

/**
 * Tells the other end of a request's connection.
 *
 * @param request The request as the server made it.
 * @param platform What the server passed beside it.
 * @returns The address; undefined where the server does not tell.
 */
export function remoteAddress(request: unknown, platform: unknown): string | undefined {
  if (typeof platform !== "object" || platform === null) return undefined;
  const { incoming, remoteAddr, requestIP } = platform as {
    /** `@hono/node-server`, and our own server on Node. */
    incoming?: { socket?: { remoteAddress?: string } };
    /** Deno's serve info. */
    remoteAddr?: { hostname?: string };
    /** Bun's server. */
    requestIP?(this: unknown, request: unknown): { address: string } | null;
  };
  if (incoming) return incoming.socket?.remoteAddress;
  if (remoteAddr) return remoteAddr.hostname;
  return typeof requestIP === "function" ? requestIP.call(platform, request)?.address : undefined;
}
