/**
 * What is known of a request when it is over.
 *
 * @module
 */

/**
 * How a request ended: `completed` when the response was sent whole, `aborted` when the client left before (its status is
 * then 499), `error` when the body broke midway.
 */
export type Outcome = "completed" | "aborted" | "error";

/** What observers and computed labels are told, once for each measured request. */
export interface RequestInfo {
  /** The request as it came; its body may have been read. */
  readonly request: Request;
  /** The response; undefined where the handler threw, or the client left before there was one. Its body may be sent. */
  readonly response: Response | undefined;
  /** One of the nine standard methods, or `_OTHER`. */
  readonly method: string;
  /** The route's template, or `none`. */
  readonly route: string;
  /** The status, such as `200`; `2xx` where statuses are grouped. */
  readonly status: string;
  /** How the request ended. */
  readonly outcome: Outcome;
  /**
   * From the request's arrival to the end of the response's body, in seconds; undefined for what stays open (WebSockets,
   * server-sent events), which is told when it opens.
   */
  readonly durationSeconds: number | undefined;
  /** From the request's arrival to the response's head, in seconds; undefined where there was none. */
  readonly headDurationSeconds: number | undefined;
  /** The request's `Content-Length`, in bytes; undefined where it is not told. */
  readonly requestBytes: number | undefined;
  /** The size of the response's body, in bytes; undefined where it was neither told nor counted. */
  readonly responseBytes: number | undefined;
  /** The response's body, for the routes of `http.fromPython.bodyRoutes`; undefined for all others. */
  readonly body: Uint8Array | undefined;
}
