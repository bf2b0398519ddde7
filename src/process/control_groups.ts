/**
 * Where the control groups of this process stand in the file system.
 *
 * @module
 */

/** The folders of one hierarchy: the process' own group first, then its ancestors as far as they can be seen. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/** The hierarchies that tell something. */
export interface ControlGroups {
  readonly cpu: Hierarchy | undefined;
  readonly memory: Hierarchy | undefined;
  /**
   * Version 2's one hierarchy, where it is the only one. Beside version 1 it holds no controllers, and mostly no
   * container: its pressure would be the whole machine's.
   */
  readonly unified: Hierarchy | undefined;
}

export function findControlGroups(groups: string, mounts: string): ControlGroups {
  const paths = new Map<string, string>();
  for (const [, controllers, path] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    for (const controller of controllers!.split(",")) paths.set(controller, path!);
  }
  const places = Array.from(
    mounts.matchAll(/^\S+ \S+ \S+ (\S+) (\S+) .*? - (cgroup2?) \S+ (\S+)$/gm),
    ([, root, point, type, options]) => ({
      root: unescaped(root!),
      point: unescaped(point!),
      version: type === "cgroup2" ? 2 as const : 1 as const,
      controllers: options!.split(","),
    }),
  );
  const unifiedPlace = places.find(({ version }) => version === 2);
  const unifiedPath = paths.get("");
  const unified = unifiedPlace && unifiedPath !== undefined
    ? { version: 2 as const, folders: folders(unifiedPlace, unifiedPath) }
    : undefined;
  const hierarchy = (controller: string): Hierarchy | undefined => {
    const path = paths.get(controller);
    if (path === undefined) return unified;
    const place = places.find(({ version, controllers }) => version === 1 && controllers.includes(controller));
    return place && { version: 1, folders: folders(place, path) };
  };
  return { cpu: hierarchy("cpu"), memory: hierarchy("memory"), unified: paths.has("cpu") ? undefined : unified };
}

/**
 * A container without a namespace of its own for groups sees the machine's path, and as much of it as its mount's root.
 * A path that leads out of the mount (`/../x`) is of a group that cannot be seen; the mount is the nearest that can.
 */
function folders({ root, point }: { root: string; point: string }, path: string): string[] {
  const inside = root === "/" ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : "";
  const names = inside.split("/").filter((name) => name !== "");
  if (names.includes("..")) return [point];
  return names.map((_, i) => [point, ...names.slice(0, names.length - i)].join("/")).concat(point);
}

/** The kernel writes spaces and the like in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}
