/**
 * What the main thread runs, seen from another one while it is held.
 *
 * @module
 */

/** The inspector, as far as it is used. */
interface SessionLike {
  connectToMainThread(): void;
  post(method: string, parameters?: object, done?: (error: Error | null) => void): void;
  on(event: "Debugger.paused", listener: (message: { params: Paused }) => void): void;
  on(event: "Debugger.scriptParsed", listener: (message: { params: Script }) => void): void;
  disconnect(): void;
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
}

interface Paused {
  readonly callFrames: readonly {
    readonly functionName: string;
    readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number };
  }[];
}

/** The module `node:inspector`. */
export interface InspectorLike {
  readonly Session?: new () => SessionLike;
}

/** Within native code the main thread cannot be paused: who waits longer for it would see where it went on. */
const patienceMilliseconds = 1000;

const mostFrames = 50;

/**
 * Pauses the main thread for some milliseconds and reads its stack, the innermost call first.
 *
 * @param done Called once; without frames where they cannot be had.
 */
export function readMainStack(inspector: InspectorLike | undefined, done: (frames?: string[]) => void): void {
  let session: SessionLike | undefined;
  const timer = setTimeout(() => end(), patienceMilliseconds);
  const end = (frames?: string[]): void => {
    clearTimeout(timer);
    const open = session;
    session = undefined;
    if (!open) return;
    // A pause that was asked for and has not come is taken back with the session.
    attempt(() => open.disconnect());
    done(frames);
  };
  try {
    session = new inspector!.Session!();
    // Deno has none, and Bun none that works (2.9, 1.4).
    session.connectToMainThread();
  } catch {
    session = undefined;
    clearTimeout(timer);
    return done();
  }
  const urls = new Map<string, string>();
  session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => void urls.set(scriptId, url));
  session.on("Debugger.paused", ({ params }) => {
    const frames = params.callFrames.slice(0, mostFrames).map(({ functionName, location }) =>
      `${functionName || "(anonymous)"} (${urls.get(location.scriptId) ?? ""}:${location.lineNumber + 1}:${
        (location.columnNumber ?? 0) + 1
      })`
    );
    attempt(() => session?.post("Debugger.resume"));
    end(frames);
  });
  const refused = (error: Error | null): void => {
    if (error) end();
  };
  attempt(() => session?.post("Debugger.enable", {}, refused)) || end();
  attempt(() => session?.post("Debugger.pause", {}, refused)) || end();
}

/** Makes the main thread end the process, where signals cannot: it runs this between two steps of its own code. */
export function abortFromMain(inspector: InspectorLike | undefined): void {
  attempt(() => {
    const session = new inspector!.Session!();
    session.connectToMainThread();
    session.post("Runtime.evaluate", { expression: "process.abort()" });
  });
}

function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
