/**
 * How the page is guarded and written.
 *
 * @module
 */

/** A secret: the text itself, or the variable of the environment that holds it, read once when the monitor is made. */
export type Secret = string | { readonly variable: string };

/** Options of the page. Guards add up: a scrape has to pass each one that is set. */
export interface ExpositionOptions {
  /**
   * Asked before each page; what is not `true` is answered with 401, and so is what throws or takes longer than
   * `collectTimeoutSeconds`, which is counted. It is given what the server passed beside the request as well.
   *
   * @default {undefined} Everybody may read the page.
   */
  authorize?: (request: Request, platform: unknown) => boolean | Promise<boolean>;
  /**
   * The token that a scraper must send as `Authorization: Bearer …`; several while one is changed for another. It is
   * compared in constant time.
   *
   * @kind one secret or several
   * @default {undefined} None is asked for.
   */
  bearerToken?: Secret | readonly Secret[];
  /**
   * The name and the password that a scraper must send. Where there is a bearer token as well, either will do.
   *
   * @kind { username, password }
   * @default {undefined} None is asked for.
   */
  basicAuth?: { readonly username: string; readonly password: Secret };
  /**
   * The addresses that may read the page, one at least, such as `"127.0.0.1"`, `"10.0.0.0/8"` or `"::1"`. What counts is
   * the other end of the connection, which is a proxy's where there is one; forwarded headers can be made up and are not
   * read. Who asks a server that does not tell the address is refused, and so is the option itself where the runtime has no
   * `BlockList` (the edge, Node before 20.16).
   *
   * @kind a list of addresses and ranges
   * @default {undefined} Any address.
   */
  allow?: readonly string[];
  /**
   * The most scrapes at once, a whole number of at least 1. The next is answered with 503 and `Retry-After`. A scraper
   * that reads nothing for 10 s, or has not read all after 5 minutes, loses its place and gets no whole page.
   *
   * @default {8} Several Prometheis and people, and no more than 8 copies of the numbers in memory.
   */
  maxConcurrentScrapes?: number;
  /**
   * How long a metric of the app's own may take to answer, in seconds, above 0 and at most 300; later it is left out and
   * counted. Where Prometheus says how long itself waits, four fifths of that are the limit if they are less.
   *
   * @default {5} Half of what Prometheus waits for the whole page by default.
   */
  collectTimeoutSeconds?: number;
  /**
   * Writes when each series began, as `_created`, on OpenMetrics pages.
   *
   * @default {false} Prometheus takes these lines for series, which are a tenth more.
   */
  created?: boolean;
  /**
   * Sends the page as gzip to those who accept it.
   *
   * @default {true} A twentieth of the bytes, for 1.5 ms of the event loop's time for each megabyte of page.
   */
  compress?: boolean;
}
