/**
 * What one push sends: the page as it is now, or the same families as OTLP.
 *
 * @module
 */

import { otlpMetrics } from "../formats/otlp.ts";
import { writeOtlpJson } from "../formats/otlp_json.ts";
import { Slices } from "../gather/loop_budget.ts";
import { accessTo } from "../monitor/access.ts";
import { insideRequest } from "../page/internal_request.ts";
import type { PushSource } from "./check_pusher.ts";

/** How long each metric of the app's own may take to answer, in seconds: as long as for a scrape. */
const timeoutSeconds = 5;

/** Makes the page; throws where there is none, or it is larger than it may be. */
export async function pagePayload(monitor: PushSource, maxBytes: number): Promise<string> {
  const page = await monitor.handler(insideRequest);
  if (!page.ok) throw new Error(`Cannot push: the page was refused with ${page.status}`);
  const text = await page.text();
  // A character is at least a byte, so what is longer is larger.
  if (text.length > maxBytes) {
    throw new RangeError(`Cannot push: the page has ${text.length} bytes, and maxBytes is ${maxBytes}`);
  }
  return text;
}

/** Makes an OTLP request in JSON, in slices of the event loop; throws where it is larger than it may be. */
export async function otlpPayload(
  monitor: PushSource,
  resource: Readonly<Record<string, string>>,
  startUnixSeconds: number,
  maxBytes: number,
): Promise<string> {
  const access = accessTo(monitor, "Cannot push");
  const { runtime, core } = access.source();
  const { families, labels } = await access.gather({ timeoutSeconds, withStarts: true });
  const unixSeconds = runtime.unixNow();
  const metrics = otlpMetrics(families, {
    labels,
    resource,
    startUnixSeconds: Math.min(startUnixSeconds, unixSeconds),
    unixSeconds,
    failed: (name) => core?.self.fail(`metric:${name}`),
  });
  const slices = new Slices(runtime);
  let text = "";
  for (const piece of writeOtlpJson(metrics, { resource, unixSeconds })) {
    text += piece;
    if (slices.isDue()) await slices.next();
    if (text.length > maxBytes) {
      throw new RangeError(`Cannot push: the request has more than ${maxBytes} bytes, which is maxBytes`);
    }
  }
  return text;
}
