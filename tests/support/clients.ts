import type * as promClient from "prom-client";

/** A Prometheus client whose registries are taken. */
export interface Client {
  name: string;
  /** Why its tests do not run here; false when they do. */
  skip: string | false;
  /** The client as prom-client's types describe it; what is used of it is alike in both. */
  api: typeof promClient;
}

async function load(name: string, importIt: () => Promise<unknown>): Promise<Client> {
  try {
    // Both are CommonJS: what they export is the default on each runtime.
    const { default: api } = await importIt() as { default: typeof promClient };
    return { name, skip: false, api };
  } catch (error) {
    return { name, skip: `it does not load here: ${error}`, api: undefined as unknown as typeof promClient };
  }
}

/** Every client that the library accepts. */
export const clients: Client[] = await Promise.all([
  load("prom-client 15", () => import("prom-client")),
  load("@prometheus-io/client 0.16", () => import("@prometheus-io/client")),
]);
