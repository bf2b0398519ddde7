/**
 * Where metrics are pushed to: what each protocol is asked, with which words.
 *
 * @module
 */

import type { OtlpEncoding, PushProtocol } from "./options.ts";

export interface Sender {
  readonly job: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface PushRequest {
  readonly url: string;
  readonly method: "PUT" | "POST";
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Absent where the body is sent as it is. */
  readonly contentEncoding?: "gzip";
}

export const otlpTypes: Readonly<Record<OtlpEncoding, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

const textType = "text/plain; version=0.0.4; charset=utf-8";

/** The answers after which a protocol wants the same request again. */
const retryable: Readonly<Record<PushProtocol, readonly number[]>> = {
  pushgateway: [408, 429, 500, 502, 503, 504],
  victoriametrics: [408, 429, 500, 502, 503, 504],
  otlp: [429, 502, 503, 504],
};

/** Where to push, and by which protocol. */
export interface PushTarget {
  readonly protocol: PushProtocol;
  readonly url: URL;
  readonly encoding: OtlpEncoding;
}

export function pushRequest(
  { protocol, url, encoding }: PushTarget,
  sender: Sender,
  body: string | Uint8Array,
): PushRequest {
  const { job, instance, labels } = sender;
  switch (protocol) {
    case "pushgateway": {
      const group = Object.entries({ job, instance, ...labels }).map(([name, value]) => groupPart(name, value));
      const target = new URL(url);
      target.pathname = `${url.pathname.replace(/\/$/, "")}/metrics${group.join("")}`;
      // PUT takes the place of all that this sender has pushed before; with POST, series that are gone would stay.
      return { url: target.href, method: "PUT", contentType: textType, body };
    }
    case "victoriametrics": {
      const target = new URL(url);
      for (const [name, value] of Object.entries({ job, instance, ...labels })) {
        target.searchParams.append("extra_label", `${name}=${value}`);
      }
      return { url: target.href, method: "POST", contentType: textType, body };
    }
    case "otlp":
      return { url: url.href, method: "POST", contentType: otlpTypes[encoding], body };
  }
}

export function resourceOf({ job, instance, labels }: Sender): Readonly<Record<string, string>> {
  const own = { "service.name": job, "service.instance.id": instance };
  // They stand first, and no label takes their place.
  return { ...own, ...labels, ...own };
}

/**
 * Is an answer one after which the same request is worth another try?
 *
 * @returns True where it may be accepted later.
 */
export function isRetryable(protocol: PushProtocol, status: number): boolean {
  return retryable[protocol].includes(status);
}

/** Most values stand in a path as they are; for those that a URL would change or cannot hold there is base64. */
function groupPart(name: string, value: string): string {
  if (/^[\w ~:@.-]+$/.test(value) && !/^\.\.?$/.test(value)) return `/${name}/${encodeURIComponent(value)}`;
  let bytes = "";
  for (const byte of new TextEncoder().encode(value)) bytes += String.fromCharCode(byte);
  const encoded = value === "" ? "=" : btoa(bytes).replaceAll("+", "-").replaceAll("/", "_");
  return `/${name}@base64/${encoded}`;
}
