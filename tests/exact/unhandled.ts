// What nobody handles would end a process, or a test: some servers leave handlers' failures so by themselves.

import process from "node:process";

const events = ["unhandledRejection", "uncaughtException"] as const;

/** Ignores it for as long as servers are compared; the function that is answered ends that. */
export function ignoreUnhandled(): () => void {
  const { error } = console;
  // Servers write down what handlers throw at them, hundreds of times here.
  console.error = () => {};
  const ignore = (): void => {};
  const before = events.map((event) => process.listeners(event as never));
  for (const event of events) process.removeAllListeners(event).on(event, ignore);
  const prevent = (event: Event): void => event.preventDefault();
  globalThis.addEventListener?.("unhandledrejection", prevent);
  globalThis.addEventListener?.("error", prevent);
  return () => {
    console.error = error;
    globalThis.removeEventListener?.("unhandledrejection", prevent);
    globalThis.removeEventListener?.("error", prevent);
    events.forEach((event, index) => {
      process.off(event, ignore);
      for (const listener of before[index]!) process.on(event, listener as never);
    });
  };
}
