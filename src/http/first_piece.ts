/**
 * Connections that a server has handed over, such as those of WebSockets: what is written to one first is the answer.
 *
 * @module
 */

import { switchingProtocols } from "./response_end.ts";

/** A connection, as far as it is used. */
export interface WrittenLike extends Partial<Record<"write" | "end", unknown>> {
  on(event: "close", listener: () => void): unknown;
}

type Write = (...args: unknown[]) => unknown;

/**
 * Sees the status of what is answered on a connection; frames come behind an upgrade.
 *
 * @param closed Nothing was answered until it closed.
 */
export function seeAnswer(connection: WrittenLike, answered: (status: number) => void, closed: () => void): void {
  const restores = (["write", "end"] as const).map((name) => {
    const own = Object.getOwnPropertyDescriptor(connection, name);
    const original = connection[name] as Write | undefined;
    const seeing: Write = function (this: unknown, ...args) {
      const [piece] = args;
      // Who ends it without a word answers nothing: its close tells.
      if (piece && typeof piece !== "function") {
        restore();
        answered(Number(/^HTTP\/1\.\d (\d{3}) /.exec(String(piece))?.[1] ?? switchingProtocols));
      }
      return original?.apply(this, args);
    };
    connection[name] = seeing;
    return (): void => {
      if (connection[name] !== seeing) return;
      if (own) Object.defineProperty(connection, name, own);
      else delete connection[name];
    };
  });
  const restore = (): void => restores.forEach((each) => each());
  connection.on("close", () => {
    restore();
    closed();
  });
}
