import { parentPort, workerData } from "node:worker_threads";

// A worker that records its own stalls, by a monitor of its own.

const { createMonitor, recordStalls } = await import(workerData.library);

function holdWorker() {
  for (const end = performance.now() + 500; performance.now() < end;) Math.hypot(3, 4);
}

const monitor = createMonitor();
const hold = () => monitor.track("resize", holdWorker);
let attempts = 0;
recordStalls(monitor, {
  thresholdSeconds: 0.3,
  onStall({ kind, name, seconds, culprit }) {
    // Others are a busy machine's. One stall a second is looked at, and that may have been one of those.
    if (name !== "resize") return;
    if (!culprit && ++attempts < 10) return void setTimeout(hold, 1200);
    monitor.stop();
    parentPort.postMessage({ kind, name, seconds, functionName: culprit?.functionName, file: culprit?.file });
  },
});
// Until it is terminated: what measures keeps nothing alive.
setInterval(() => {}, 1000);
setTimeout(hold, 500);
