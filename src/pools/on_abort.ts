/**
 * Many who wait for one signal, with one listener on it.
 *
 * Node warns of a leak when a signal has more than ten listeners, and a request's or a shutdown's signal is shared by more
 * waits than that.
 *
 * @module
 */

/** Those who wait for one signal, in the order in which they came, and the one listener that tells them. */
interface Waits {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const waitsOf = new WeakMap<AbortSignal, Waits>();

/** Does something once when a signal is aborted. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const waits = waitsOf.get(signal) ?? listen(signal);
  waits.acts.add(act);
  return () => {
    if (!waits.acts.delete(act) || waits.acts.size > 0) return;
    signal.removeEventListener("abort", waits.listener);
    waitsOf.delete(signal);
  };
}

function listen(signal: AbortSignal): Waits {
  const acts = new Set<() => void>();
  const listener = (): void => {
    waitsOf.delete(signal);
    const all = [...acts];
    acts.clear();
    for (const act of all) act();
  };
  const waits = { acts, listener };
  waitsOf.set(signal, waits);
  signal.addEventListener("abort", listener, { once: true });
  return waits;
}
