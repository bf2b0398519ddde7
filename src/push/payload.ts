/**
 * What one push sends: the page as it is now, or the same families as OTLP.
 *
 * @module
 */

import { otlpMetrics } from "../formats/otlp.ts";
import { writeOtlpJson } from "../formats/otlp_json.ts";
import type { OtlpMetric, OtlpSource } from "../formats/otlp_metric.ts";
import { writeOtlpProtobuf } from "../formats/otlp_protobuf.ts";
import { Slices } from "../gather/loop_budget.ts";
import { concatenated } from "../http/bytes.ts";
import { accessTo } from "../monitor/access.ts";
import { CountingStart } from "../monitor/counting_start.ts";
import { insideRequest } from "../page/internal_request.ts";
import type { PusherSettings } from "./check_pusher.ts";
import { Deltas, type Round } from "./deltas.ts";
import type { PushSource } from "./options.ts";

/** Bytes that can be sent. */
type Bytes = Uint8Array<ArrayBuffer>;

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

/** What is sent, and what is to be called once it was accepted. */
export interface Payload {
  readonly body: string | Bytes;
  accept(): void;
}

type OtlpSettings = Pick<PusherSettings, "monitor" | "encoding" | "temporality" | "maxBytes">;

export class OtlpPayloads {
  readonly #settings: OtlpSettings;
  readonly #start = new CountingStart();
  readonly #deltas = new Deltas();

  constructor(settings: OtlpSettings) {
    this.#settings = settings;
  }

  /** Makes one in slices of the event loop; throws where it is larger than it may be. */
  async make(resource: Readonly<Record<string, string>>): Promise<Payload> {
    const { monitor, temporality } = this.#settings;
    const access = accessTo(monitor, "Cannot push");
    const { runtime, core } = access.source();
    const { families, labels } = await access.gather({ withStarts: true });
    const unixSeconds = runtime.unixNow();
    const cumulative = otlpMetrics(families, {
      labels,
      resource,
      startUnixSeconds: this.#start.at(monitor.snapshot(), unixSeconds),
      unixSeconds,
      failed: (name) => core?.self.fail(`metric:${name}`),
    });
    const round: Round = { unixSeconds, accepted: false };
    const metrics = temporality === "delta" ? this.#deltas.of(cumulative, round) : cumulative;
    const body = await this.#write(metrics, { resource, unixSeconds, temporality }, new Slices(runtime));
    return { body, accept: () => void (round.accepted = true) };
  }

  async #write(metrics: Iterable<OtlpMetric>, source: OtlpSource, slices: Slices): Promise<string | Bytes> {
    const { encoding, maxBytes } = this.#settings;
    const isJson = encoding === "json";
    const pieces: (string | Bytes)[] = [];
    let length = 0;
    await slices.drain<string | Bytes, void>((isJson ? writeOtlpJson : writeOtlpProtobuf)(metrics, source), (piece) => {
      length += piece.length;
      // Made to the end in any case: who counts from push to push forgets only then what is gone.
      if (piece.length > 0 && length <= maxBytes) pieces.push(piece);
    });
    if (length > maxBytes) {
      throw new RangeError(`Cannot push: the request has more than ${maxBytes} bytes, which is maxBytes`);
    }
    return isJson ? pieces.join("") : concatenated(pieces as Bytes[]);
  }
}

export async function gzipped(body: string | Bytes): Promise<Bytes> {
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
