/**
 * Which service an outgoing request goes to.
 *
 * @module
 */

import { checkTable, entriesOf, type OptionTable, refuser, someText } from "../check.ts";
import { overflowValue } from "../metrics/family.ts";

/** Options of `measureCalls`. */
export interface CallOptions {
  /**
   * The services by their hosts: `{ "api.stripe.com": "stripe", "localhost:8080": "search", "*.amazonaws.com": "aws" }`.
   * A host with a port is looked for before the same without, and the longest wildcard before shorter ones.
   *
   * @kind names by host
   * @default {{}} Every service is `_other`: hosts that a request may choose must not make series.
   */
  services?: Readonly<Record<string, string>>;
}

/** What each option may be, and its default. */
export const callOptions: OptionTable<CallOptions> = {
  services: {
    default: {},
    ...entriesOf((host, service, name, refuse) => {
      // A wildcard stands for whole labels in front: what is behind it is a host itself.
      if (!/^(\*\.)?[^\s/*]+$/.test(host)) {
        refuse(RangeError, `a host in ${name} must be such as api.example.com, localhost:8080 or *.example.com`, host);
      }
      someText.check(service, `${name}["${host}"]`, refuse);
    }),
  },
};

export function checkCallOptions(options: CallOptions): CallOptions {
  return checkTable(refuser("Cannot measure calls"), options, callOptions);
}

/** Makes the look-up. */
export function serviceFinder(table: CallOptions["services"] = {}): (url: string | URL) => string {
  const services = new Map(Object.entries(table).map(([host, service]) => [host.toLowerCase(), service]));
  if (services.size === 0) return () => overflowValue;
  return (url) => {
    if (typeof url === "string" && !URL.canParse(url)) return overflowValue;
    const { host, hostname } = new URL(url);
    const exact = services.get(host) ?? services.get(hostname);
    if (exact !== undefined) return exact;
    for (let dot = hostname.indexOf("."); dot >= 0; dot = hostname.indexOf(".", dot + 1)) {
      const service = services.get(`*${hostname.slice(dot)}`);
      if (service !== undefined) return service;
    }
    return overflowValue;
  };
}
