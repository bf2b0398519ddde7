/**
 * Which ways there are to other copies, by runtime and options.
 *
 * @module
 */

import { builtin } from "../runtime/process.ts";
import type { GlobalLike, Runtime } from "../runtime/shim.ts";
import { type ClusterLike, type ClusterProcessLike, linkCluster } from "./cluster_links.ts";
import type { LinkContext, LinkSource } from "./hub.ts";
import { action, type JoinSettings } from "./options.ts";
import { linkThreads, type OpenChannel } from "./thread_link.ts";

/** Makes links when there is who speaks and listens. */
export type MakeLinks = (context: LinkContext) => LinkSource;

/** Finds the ways; throws where there is none. */
export function linksOf({ process }: GlobalLike, { mixesMessages }: Runtime, { group }: JoinSettings): MakeLinks[] {
  const threads = process && builtin<ThreadsLike>(process, "node:worker_threads");
  const Channel = threads?.BroadcastChannel;
  if (!Channel) {
    throw new Error(`${action}: this runtime has no channel to its threads`);
  }
  const cluster = threads.isMainThread && mixesMessages ? builtin<ClusterLike>(process!, "node:cluster") : undefined;
  const links: MakeLinks[] = [(context) => linkThreads(Channel, group, context)];
  if (cluster) {
    links.push((context) => linkCluster(cluster, process as unknown as ClusterProcessLike, context));
  }
  return links;
}

/** The parts of `node:worker_threads` that are used. */
interface ThreadsLike {
  readonly isMainThread: boolean;
  readonly BroadcastChannel?: OpenChannel;
}
