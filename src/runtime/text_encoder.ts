/**
 * The platform's encoder of texts.
 *
 * @module
 */

import { asked } from "./asked.ts";

/** Undefined where the platform can load none any more; importing must not throw then, and whoever encodes does. */
export const encoder = asked(() => new TextEncoder()) as TextEncoder;
