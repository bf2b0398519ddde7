/**
 * The only importer of prom-client.
 *
 * @module
 */

import { register, type Registry } from "prom-client";

export type { Registry };

/** prom-client's global registry, where an app's own metrics are unless it says otherwise. */
export const globalRegistry: Registry = register;
