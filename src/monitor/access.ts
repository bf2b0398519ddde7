/**
 * What the doors of this package reach of a monitor beside its public members.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Gathered, GatherOptions, GatherSource } from "../gather/gather.ts";
import type { Guard } from "../page/guard.ts";

export interface MonitorAccess {
  /** What measures; undefined where nothing does, or no more. */
  core(): Core | undefined;
  /** Where the numbers of its page are. */
  source(): GatherSource;
  /**
   * Takes the snapshot of all of them; here, so that a door need not bring what it is taken with. No metric of the app's own
   * takes longer than `collectTimeoutSeconds`.
   */
  gather(options: Partial<GatherOptions>): Promise<Gathered>;
  /** Who may read, by the options of `exposition`; undefined where everybody may read the page. */
  readonly guard: Guard | undefined;
  /** How long each of the app's own metrics may take, by the options of `exposition`, in seconds. */
  readonly collectTimeoutSeconds: number;
  /** Whether answers may be compressed, by the options of `exposition`. */
  readonly compress: boolean;
  /** Takes something back when the monitor stops, or when the answer is called, whichever is first. */
  untilStop(takeBack: () => void): () => void;
}

/** For every copy of this package: a door of one may be given a monitor of another. */
const brand = Symbol.for("@rtm/runtime-metrics.access");

export function withAccess<Kind extends object>(monitor: Kind, access: MonitorAccess): Kind {
  return Object.defineProperty(monitor, brand, { value: access });
}

/** Finds a monitor's inside; undefined where it is a monitor by its shape alone. */
export function insideOf(monitor: object): MonitorAccess | undefined {
  return (monitor as { [brand]?: MonitorAccess } | null | undefined)?.[brand];
}

/** Finds a monitor's inside; `action` begins the error where it is no monitor, such as `Cannot measure calls`. */
export function accessTo(monitor: object, action: string): MonitorAccess {
  const access = insideOf(monitor);
  if (access) return access;
  throw new TypeError(`${action}: expected a monitor, got ${monitor === null ? "null" : typeof monitor}`);
}

/** For every copy of this package, too. */
const coreBrand = Symbol.for("@rtm/runtime-metrics.core-of");

/** Writes on what was made for a monitor which core it is of. */
export function withCore<Kind extends object>(made: Kind, core: Core | undefined): Kind {
  return Object.defineProperty(made, coreBrand, { value: core });
}

/** Finds the core that something was made for; undefined where it is of nobody's, or only has its shape. */
export function coreOf(made: object): Core | undefined {
  return (made as { [coreBrand]?: Core })[coreBrand];
}
