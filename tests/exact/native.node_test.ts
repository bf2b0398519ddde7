// Node's own server behind our own listener, with the platform's own responses.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answerByPath, type Door } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { routeOf } from "./kind.ts";
import { kindsFor } from "./kinds.ts";

const door: Door = {
  name: "toNodeListener()",
  async serve(load, monitor) {
    const handler = answerByPath(load);
    const listener = toNodeListener(monitor?.instrument(handler, { route: routeOf }) ?? handler);
    const server = createServer((incoming, outgoing) => void listener(incoming as never, outgoing as never));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      port: (server.address() as AddressInfo).port,
      stop: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  },
};

compareAnswers(door, { kinds: kindsFor(door.name) });
