// A thread that joins the other copies of its process, and does nothing else.

import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

joinCopies(createMonitor());
console.log("the worker has joined");
