/**
 * Outgoing requests.
 *
 * @module
 */

import { methods, otherMethod } from "../http/methods.ts";
import type { CallScope } from "./call_families.ts";
import { type CallOptions, serviceFinder } from "./services.ts";

/** `fetch`, as every runtime has it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

const pendingKind = "http_client_request";

/**
 * Makes a `fetch` that measures what goes through it. It calls the global `fetch` as it is at that moment, with the very
 * arguments, and answers its very response.
 */
export function measuredFetch(scope: CallScope, { services }: CallOptions): Fetch {
  const serviceOf = serviceFinder(services);
  return async (...args) => {
    const [input, init] = args;
    const calls = scope();
    if (!calls) return fetch(...args);
    const { runtime, pending, self } = calls.core;
    const item = { beganAt: runtime.now() };
    const kind = pending.kind(pendingKind);
    kind.add(item);
    const end = (status: string): void => {
      kind.remove(item);
      self.attempt("fetch", () => {
        const service = serviceOf(addressOf(input));
        const requests = calls.counter("http_client_requests_total");
        const durations = calls.histogram("http_client_request_duration_seconds");
        requests.add(requests.slot(service, methodOf(input, init), status));
        durations.observe(durations.slot(service), runtime.now() - item.beganAt);
      });
    };
    let response: Response;
    try {
      // As many arguments as came: without any, fetch refuses.
      response = await fetch(...args);
    } catch (error) {
      end("error");
      throw error;
    }
    end(String(response.status));
    return response;
  };
}

/** What fetch was given, whatever that is: it takes everything that is no request for the text of an address. */
function addressOf(input: string | URL | Request | null | undefined): string | URL {
  if (input instanceof URL) return input;
  const url = typeof input === "object" ? input?.url : undefined;
  return typeof url === "string" ? url : String(input);
}

function methodOf(input: string | URL | Request | null | undefined, init: RequestInit | undefined): string {
  const given = init?.method ?? (typeof input === "object" && input && "method" in input ? input.method : "GET");
  const method = String(given).toUpperCase();
  return methods.includes(method) ? method : otherMethod;
}
