/**
 * Which service an outgoing request goes to.
 *
 * @module
 */

/** How outgoing requests are told apart. */
export interface OutgoingOptions {
  /**
   * The services by their hosts: `{ "api.stripe.com": "stripe", "localhost:8080": "search", "*.amazonaws.com": "aws" }`.
   * A host with a port is looked for before the same without, and the longest wildcard before shorter ones.
   *
   * @default {{}} Every service is `_other`: hosts that a request may choose must not make series.
   */
  services?: Readonly<Record<string, string>>;
}

/** The service of every host that is not in the table. */
const otherService = "_other";

/**
 * Makes the look-up.
 *
 * @param table The services by their hosts.
 * @returns Answers the service of a URL; `_other` for one that is none, or whose host is not in the table.
 */
export function serviceFinder(table: OutgoingOptions["services"] = {}): (url: string | URL) => string {
  const services = new Map(Object.entries(table).map(([host, service]) => [host.toLowerCase(), service]));
  if (services.size === 0) return () => otherService;
  return (url) => {
    if (typeof url === "string" && !URL.canParse(url)) return otherService;
    const { host, hostname } = new URL(url);
    const exact = services.get(host) ?? services.get(hostname);
    if (exact !== undefined) return exact;
    for (let dot = hostname.indexOf("."); dot >= 0; dot = hostname.indexOf(".", dot + 1)) {
      const service = services.get(`*${hostname.slice(dot)}`);
      if (service !== undefined) return service;
    }
    return otherService;
  };
}
