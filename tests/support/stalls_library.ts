// What a worker in JavaScript needs of the library, in one file.

export { createMonitor } from "@rtm/runtime-metrics";
export { recordStalls } from "@rtm/runtime-metrics/stalls";
