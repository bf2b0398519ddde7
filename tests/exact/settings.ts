// How requests are measured while answers are compared.

import {
  combinedSize,
  errors,
  headLatency,
  highResolutionLatency,
  latency,
  requests,
  requestSize,
  responseSize,
} from "../../src/http/metrics.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";

/** Each set of options with what it has the library do to a request. */
export const settings: Readonly<Record<string, MonitorOptions>> = {
  "by default": {},
  "nothing measured": { collect: { http: false } },
  "until the head, without a gauge": { http: { metrics: [requests(), headLatency()], inProgress: false } },
  "exemplars alone": { http: { metrics: [requests(), latency()], inProgress: false } },
  "statuses in groups": { http: { groupStatus: true } },
  "no exemplars": { http: { exemplars: false } },
  sizes: { http: { metrics: [requests(), responseSize(), requestSize()] } },
  "bodies for observers": { http: { fromPython: { bodyRoutes: [/./] }, observers: [() => {}] } },
  "everything left out": { http: { exclude: [/./] } },
  everything: {
    http: {
      metrics: [
        requests(),
        latency(),
        errors(),
        headLatency(),
        highResolutionLatency(),
        requestSize(),
        responseSize(),
        combinedSize(),
      ],
      observers: [
        async ({ response, request }) => void await `${response?.status} ${request.url}`,
        () => {
          throw new Error("an observer's own");
        },
      ],
      computedLabels: { host: ({ request }) => new URL(request.url).host },
      exclude: ["/elsewhere", () => false],
      fromPython: { bodyRoutes: [/./], durationDecimals: 3 },
    },
  },
};
