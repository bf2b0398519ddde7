/**
 * Which ways there are to other copies, by runtime and options.
 *
 * @module
 */

import { missingFlag } from "../runtime/permissions.ts";
import { builtin } from "../runtime/builtin_module.ts";
import type { GlobalLike, ProcessLike, Runtime } from "../runtime/shim.ts";
import { type ClusterLike, type ClusterProcessLike, linkCluster } from "./cluster_links.ts";
import type { LinkContext, LinkSource } from "./hub.ts";
import { action, type JoinSettings } from "./options.ts";
import { type FsLike, SocketFolder } from "./socket_folder.ts";
import { type NetLike, SocketLinks } from "./socket_links.ts";
import { linkThreads, type OpenChannel } from "./thread_link.ts";

/** Makes links when there is who speaks and listens. */
export type MakeLinks = (context: LinkContext) => LinkSource;

/** The parts of `node:worker_threads` that are used. */
interface ThreadsLike {
  readonly isMainThread: boolean;
  readonly BroadcastChannel?: OpenChannel;
}

/** Finds the ways; throws where there is none. */
export function linksOf(global: GlobalLike, runtime: Runtime, settings: JoinSettings, id: string): MakeLinks[] {
  const { process } = global;
  const { directory, group } = settings;
  if (directory !== undefined) return [socketLinks(global, directory, { group, id })];
  const threads = process && builtin<ThreadsLike>(process, "node:worker_threads");
  const Channel = threads?.BroadcastChannel;
  if (!Channel) throw new Error(`${action}: this runtime has no channel to its threads`);
  const cluster = threads.isMainThread ? builtin<ClusterLike>(process!, "node:cluster") : undefined;
  if (cluster?.isWorker && !runtime.mixesMessages) {
    throw new Error(
      `${action}: messages of node:cluster are lost on this runtime; give all of its processes a directory`,
    );
  }
  const links: MakeLinks[] = [(context) => linkThreads(Channel, group, context)];
  if (cluster && runtime.mixesMessages) {
    links.push((context) => linkCluster(cluster, process as unknown as ClusterProcessLike, context));
  }
  return links;
}

function socketLinks(global: GlobalLike, directory: string, own: { group: string; id: string }): MakeLinks {
  const process = global.process as (ProcessLike & { getuid?(): number }) | undefined;
  const net = process && builtin<NetLike>(process, "node:net");
  const fs = process && builtin<FsLike>(process, "node:fs");
  if (!net || !fs || !process?.getuid) {
    throw new Error(`${action}: directory needs Unix sockets, which this runtime or this system has not`);
  }
  if (!directory.startsWith("/")) {
    const why = "processes with other working directories would not meet in it";
    throw new RangeError(`${action}: directory must be absolute, since ${why}, got ${JSON.stringify(directory)}`);
  }
  // With a slash or a dot at its end a link would be followed.
  const path = builtin<{ resolve(path: string): string }>(process, "node:path")!.resolve(directory);
  const flag = missingFlag(global, { meetsIn: path });
  if (flag !== undefined) throw new Error(`${action}: directory needs a permission; start with ${flag}`);
  const uid = process.getuid();
  let refuse: (reason: string) => void = () => {};
  // Who gave it shall hear what is wrong with it.
  const folder = new SocketFolder(fs, uid, path, own, (reason) => refuse(reason));
  return (context) => {
    refuse = (reason) => context.refuse(reason);
    return new SocketLinks(net, folder, context);
  };
}
