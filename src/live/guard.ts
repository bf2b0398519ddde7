/**
 * Who may look at the live page.
 *
 * @module
 */

import { serverContextOf } from "../http/server_context.ts";
import type { MonitorAccess } from "../monitor/access.ts";
import { remoteAddress } from "../page/client_address.ts";
import type { Refusal } from "../page/guard.ts";
import type { RequestLike } from "../page/scrape_request.ts";

/** This machine, also as IPv6 maps it; servers and browsers write addresses in this one way. */
const loopback = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3}|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})$/;

/** What a proxy on this machine may say of whom it asks for. */
const forwarded: readonly string[] = [
  ...["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"],
  ...["x-forwarded-server", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-original-host"],
];

/** Told to whoever may find out by it what to change. */
const onlyLocal = "exposition guards nothing, so this machine alone may look, by a local name and through no proxy.";

/** Why somebody may not look. */
export interface LiveRefusal extends Refusal {
  readonly reason?: string;
}

/**
 * Says why a request is refused; undefined where it may look.
 *
 * The monitor's guard is asked. Where there is none, loopback addresses alone may look, or everybody whom `isPublic` lets
 * in on purpose. What a page of another origin asks is refused in any case: an app that lets every origin read its answers
 * by CORS does not mean this one.
 */
export async function refusalOf(
  { guard }: MonitorAccess,
  isPublic: boolean,
  request: RequestLike | undefined,
  platform: unknown,
): Promise<LiveRefusal | undefined> {
  if (isOfAnotherOrigin(request)) return { status: 403 };
  if (guard) return await guard(request, platform);
  return isPublic || isLocal(request, platform) ? undefined : { status: 403, reason: onlyLocal };
}

/** Browsers tell it by `Sec-Fetch-Site`, and where that is not sent, by an `Origin`, which a page's own GET has not. */
function isOfAnotherOrigin(request: RequestLike | undefined): boolean {
  const header = (name: string): string | null => request?.headers?.get(name) ?? null;
  const site = header("sec-fetch-site");
  if (site === null) return header("origin") !== null;
  // A link from elsewhere may lead here: its page cannot read what comes of it.
  return site !== "same-origin" && site !== "none" && header("sec-fetch-mode") !== "navigate";
}

/**
 * Did somebody on this machine ask, and by a local name? What a proxy on this machine hands on came from anywhere, and so
 * does a page of the web whose name was made to point at this machine. A Unix socket has no address.
 */
function isLocal(request: RequestLike | undefined, platform: unknown): boolean {
  const header = (name: string): string | null => request?.headers?.get(name) ?? null;
  if (forwarded.some((name) => header(name) !== null)) return false;
  // What proxies speak that say nothing, such as nginx before 1.29.7, and no browser.
  if (serverContextOf(request as Request | undefined, platform)?.incoming?.httpVersion === "1.0") return false;
  if (!isLoopback(remoteAddress(request, platform))) return false;
  // HTTP/2 has it in the address alone.
  const host = hostOf(header("host") ?? /^https?:\/\/([^/?#]*)/.exec(request?.url ?? "")?.[1] ?? "");
  return host === "localhost" || host.endsWith(".localhost") || isLoopback(host);
}

/** Leaves a port and the brackets of IPv6 out. */
function hostOf(header: string): string {
  return header.toLowerCase().replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function isLoopback(text: string | undefined): boolean {
  return loopback.test(text ?? "");
}
