import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher, type PusherOptions } from "@rtm/runtime-metrics/push";
import { Counter, Registry } from "prom-client";
import { isolateName } from "../../src/edge/isolate.ts";
import { gather } from "../../src/gather/gather.ts";
import { withAccess } from "../../src/monitor/access.ts";
import { checkPusher } from "../../src/push/check_pusher.ts";
import { keepingLabels } from "../../src/push/labels.ts";
import { MonitorPusher } from "../../src/push/pusher.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";

/** A monitor that counts how often it was asked for its page. */
class FakeMonitor {
  pages = 0;
  fails = false;
  handler = (): Promise<Response> => {
    if (this.fails) return Promise.reject(new Error("no page"));
    return Promise.resolve(new Response(`# TYPE pages_total counter\npages_total ${++this.pages}\n`));
  };
  snapshot = () => ({ process: { startUnixSeconds: 1000 } });

  /** The same counter is in its families. */
  constructor() {
    const registry = new Registry();
    new Counter({ name: "pages_total", help: "Pages.", registers: [registry] }).inc();
    const source = () => ({ runtime: currentRuntime(), core: undefined, registry });
    withAccess(this, {
      core: () => undefined,
      source,
      gather: (options) => gather(source(), { timeoutSeconds: 5, ...options }),
      guard: undefined,
      collectTimeoutSeconds: 5,
      compress: true,
      untilStop: (take) => take,
    });
  }
}

/** Timers and a clock that go when they are told to. */
class FakeTime {
  now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  startTimer = (callback: () => void, seconds: number): unknown => {
    const timer = { at: this.now + seconds, callback };
    this.#timers.push(timer);
    return timer;
  };
  stopTimer = (timer: unknown): void => {
    this.#timers = this.#timers.filter((each) => each !== timer);
  };
  sleep = (seconds: number): Promise<void> => new Promise((resolve) => this.startTimer(resolve, seconds));

  /** Drops every timer, as a context does that ends. */
  forget(): void {
    this.#timers = [];
  }

  /** Goes on by half seconds, so that what one step begins can begin more. */
  async pass(seconds: number): Promise<void> {
    await settle();
    const end = this.now + seconds;
    while (this.now < end) {
      this.now += 0.5;
      const due = this.#timers.filter(({ at }) => at <= this.now);
      this.#timers = this.#timers.filter(({ at }) => at > this.now);
      for (const { callback } of due) callback();
      await settle();
    }
  }
}

interface Sent {
  url: string;
  init: RequestInit;
  answer(response: Response): void;
}

function setUp(
  more: Partial<PusherOptions> = {},
  time?: FakeTime,
  timers: Pick<FakeTime, "startTimer" | "stopTimer"> | Record<never, never> | undefined = time,
) {
  const monitor = new FakeMonitor();
  const sent: Sent[] = [];
  const errors: string[] = [];
  const options: PusherOptions = {
    url: "http://push.example:9091",
    protocol: "pushgateway",
    job: "api",
    instance: "one",
    monitor,
    onError: (error) => errors.push(error.message),
    fetch: (url, init) => new Promise((resolve) => sent.push({ url, init, answer: resolve })),
    ...more,
  };
  const pusher = time
    ? new MonitorPusher(
      checkPusher(options),
      { now: () => time.now, sleep: time.sleep, random: () => 0.5 },
      () => timers!,
    )
    : createPusher(options);
  return { monitor, pusher, sent, errors };
}

const ok = (): Response => new Response(null, { status: 202 });

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

describe("a pusher that is asked to wait", () => {
  const busy = (): Response => new Response(null, { status: 429, headers: { "retry-after": "60" } });

  it("leaves the other side alone for as long, and no longer", async () => {
    const time = new FakeTime();
    const { pusher, sent } = setUp({ intervalSeconds: 10 }, time);
    pusher.start();
    // Half an interval of chance, then the first push.
    await time.pass(5);
    sent[0]!.answer(busy());
    await time.pass(59);
    assertEquals(sent.length, 1);
    assertEquals([pusher.stats.failed, pusher.stats.skipped], [1, 5]);
    await time.pass(10);
    assertEquals(sent.length, 2);
    sent[1]!.answer(ok());
    await settle();
    assertEquals(pusher.stats.pushed, 1);
    await time.pass(10);
    assertEquals(sent.length, 3);
    sent[2]!.answer(ok());
  });

  it("still makes its last push when it stops", async () => {
    const time = new FakeTime();
    const { pusher, sent } = setUp({}, time);
    const pushing = pusher.push();
    await settle();
    sent[0]!.answer(busy());
    assertEquals(await pushing, false);
    assertEquals(await pusher.push(), false);
    const stopping = pusher.stop();
    await settle();
    assertEquals(sent.length, 2);
    sent[1]!.answer(ok());
    await stopping;
    assertEquals(pusher.stats, { ...pusher.stats, pushed: 1, failed: 1, skipped: 1 });
  });
});

describe("Pusher.push()", () => {
  it("sends the page as it is now, and tells whether it was accepted", async () => {
    const { pusher, sent, errors } = setUp();
    const pushing = pusher.push();
    await settle();
    assertEquals([sent[0]!.url, sent[0]!.init.method], [
      "http://push.example:9091/metrics/job/api/instance/one",
      "PUT",
    ]);
    assertEquals(sent[0]!.init.body, "# TYPE pages_total counter\npages_total 1\n");
    sent[0]!.answer(ok());
    assertEquals(await pushing, true);
    const { lastPushUnixSeconds, ...stats } = pusher.stats;
    assertEquals(stats, { pushed: 1, failed: 0, skipped: 0 });
    assert(Math.abs(lastPushUnixSeconds! - Date.now() / 1000) < 60);
    assertEquals(errors, []);
  });

  it("sends nothing beside a push that is under way: nothing is queued", async () => {
    const { pusher, sent } = setUp();
    const pushing = pusher.push();
    assertEquals(await pusher.push(), false);
    await settle();
    assertEquals(sent.length, 1);
    sent[0]!.answer(ok());
    assertEquals(await pushing, true);
    assertEquals(pusher.stats.skipped, 1);
  });

  it("never rejects: what fails is told and counted", async () => {
    const { pusher, sent, errors } = setUp();
    const pushing = pusher.push();
    await settle();
    sent[0]!.answer(new Response("no such thing", { status: 404 }));
    assertEquals(await pushing, false);
    assertEquals(errors, ["Cannot push to http://push.example:9091: it answered 404: there is nothing at this path"]);
    assertEquals([pusher.stats.failed, pusher.stats.lastError], [1, errors[0]]);
  });

  it("survives a monitor that has no page, and a listener that throws", async () => {
    const { pusher, monitor } = setUp({
      onError() {
        throw new Error("from the listener");
      },
    });
    monitor.fails = true;
    assertEquals(await pusher.push(), false);
    assertEquals(pusher.stats.lastError, "no page");
  });

  it("never sends the text of a page that was refused", async () => {
    const { monitor, sent, pusher, errors } = setUp();
    monitor.handler = () => Promise.resolve(new Response("Service Unavailable\n", { status: 503 }));
    assertEquals(await pusher.push(), false);
    assertEquals([sent, errors], [[], ["Cannot push: the page was refused with 503"]]);
  });

  it("names the group of a Pushgateway by any text", async () => {
    const long = "é".repeat(200_000) + "/";
    for (const job of [".", "..", "a/b", "a\nb", "\ud800", "%2e", "//", "\\", long]) {
      const urls: string[] = [];
      const fetch: PusherOptions["fetch"] = (url) => (urls.push(url), Promise.resolve(ok()));
      const { pusher } = setUp({ job, fetch, url: "https://host//evil" });
      assert(await pusher.push(), pusher.stats.lastError);
      const { host, pathname } = new URL(urls[0]!);
      const [, key, value] = /^\/\/evil\/metrics\/(job|job@base64)\/([^/]+)\/instance\/one$/.exec(pathname)!;
      const read = key === "job" ? decodeURIComponent(value!) : new TextDecoder().decode(
        Uint8Array.from(atob(value!.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)),
      );
      assertEquals([host, read === job.replace("\ud800", "\ufffd")], ["host", true], job.slice(0, 9));
    }
  });

  it("sends no page that is larger than it may be", async () => {
    const { pusher, sent, errors } = setUp({ maxBytes: 10 });
    assertEquals(await pusher.push(), false);
    assertEquals(sent, []);
    assertMatch(errors[0]!, /^Cannot push: the page has \d+ bytes, and maxBytes is 10$/);
  });

  it("names the sender in each protocol's way", async () => {
    const labels = { zone: "a/b", empty: "" };
    const urls: string[] = [];
    const bodies: string[] = [];
    const fetch: PusherOptions["fetch"] = (url, { body }) => {
      urls.push(url);
      bodies.push(String(body));
      return Promise.resolve(ok());
    };
    for (
      const [protocol, url] of [
        ["pushgateway", "https://host/prefix/?x=1"],
        ["victoriametrics", "https://host/api/v1/import/prometheus?x=1"],
        ["otlp", "https://host/v1/metrics?x=1"],
      ] as const
    ) {
      assert(
        await setUp({ ...(protocol === "otlp" && { encoding: "json" }), protocol, url, labels, job: "a job", fetch })
          .pusher.push(),
      );
    }
    assertEquals(urls, [
      "https://host/prefix/metrics/job/a%20job/instance/one/zone@base64/YS9i/empty@base64/=?x=1",
      "https://host/api/v1/import/prometheus?x=1&extra_label=job%3Da+job&extra_label=instance%3Done" +
      "&extra_label=zone%3Da%2Fb&extra_label=empty%3D",
      "https://host/v1/metrics?x=1",
    ]);
    const { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] } = JSON.parse(bodies[2]!);
    assertEquals(
      resource.attributes.map((each: { key: string; value: object }) => [each.key, Object.values(each.value)[0]]),
      [["service.name", "a job"], ["service.instance.id", "one"], ["zone", "a/b"], ["empty", ""]],
    );
    // Since the process began, as the monitor tells it.
    assertEquals(metric.sum.dataPoints[0].startTimeUnixNano, "1000000000000");
  });

  it("gives this process a name of its own where none is given", async () => {
    const { pusher, sent } = setUp({ instance: undefined as never });
    const pushing = pusher.push();
    await settle();
    assertEquals(sent[0]!.url, `http://push.example:9091/metrics/job/api/instance/${isolateName()}`);
    sent[0]!.answer(ok());
    await pushing;
  });
});

describe("a pusher, with time turned by hand", () => {
  it("tries again until the next push is due, and then has all the counts", async () => {
    const time = new FakeTime();
    const { pusher, sent, errors } = setUp({ retries: 10 }, time);
    const pushing = pusher.push();
    for (let i = 0; i < 200 && errors.length === 0; i++) {
      await settle();
      sent.splice(0).forEach(({ answer }) => answer(new Response(null, { status: 503 })));
      await time.pass(0.5);
    }
    assertEquals(await pushing, false);
    // It gave up within the interval of 10 s, rather than hold an old page for ever.
    assert(time.now <= 11, String(time.now));
    const again = pusher.push();
    await settle();
    assertEquals(sent[0]!.init.body, "# TYPE pages_total counter\npages_total 2\n");
    sent[0]!.answer(ok());
    assertEquals(await again, true);
  });

  it("pushLater() pushes once for all requests of an interval, in one request's context", async () => {
    const time = new FakeTime();
    const { pusher, sent, monitor } = setUp({}, time);
    const contexts = Array.from({ length: 5 }, () => {
      const promises: Promise<unknown>[] = [];
      return { promises, waitUntil: (promise: Promise<unknown>) => void promises.push(promise) };
    });
    for (const context of contexts) pusher.pushLater(context);
    assertEquals(contexts.map(({ promises }) => promises.length), [1, 0, 0, 0, 0]);
    // Nothing at once: neither a page nor a request stands in the way of a response.
    await time.pass(9.5);
    assertEquals([monitor.pages, sent.length], [0, 0]);
    await time.pass(1);
    assertEquals(sent.length, 1);
    // What is counted from here on is not on that page.
    pusher.pushLater(contexts[1]!);
    assertEquals(contexts[1]!.promises.length, 1);
    sent[0]!.answer(ok());
    await contexts[0]!.promises[0];
    await time.pass(10);
    assertEquals(sent.length, 2);
    sent[1]!.answer(ok());
    await contexts[1]!.promises[0];
    assertEquals(pusher.stats.pushed, 2);
  });

  it("recovers from contexts that ended without a word, while they waited and while they pushed", async () => {
    const time = new FakeTime();
    const { pusher, sent } = setUp({}, time);
    pusher.pushLater({ waitUntil() {} });
    time.forget();
    await time.pass(14);
    pusher.pushLater({ waitUntil: () => assert(false, "one is due already") });
    await time.pass(1.5);
    const promises: Promise<unknown>[] = [];
    pusher.pushLater({ waitUntil: (promise) => void promises.push(promise) });
    assertEquals(promises.length, 1);
    await time.pass(10);
    assertEquals(sent.length, 1);
    // That one is never answered. What follows is skipped until it must have been over.
    assertEquals(await pusher.push(), false);
    await time.pass(15.5);
    const pushing = pusher.push();
    await settle();
    sent[1]!.answer(ok());
    assertEquals(await pushing, true);
  });

  it("start() pushes at each interval, and stop() once more", async () => {
    const time = new FakeTime();
    const { pusher } = setUp({ fetch: () => Promise.resolve(ok()) }, time);
    pusher.start();
    pusher.start();
    // The first comes at a random moment of the first interval, here at its middle.
    await time.pass(4.5);
    assertEquals(pusher.stats.pushed, 0);
    await time.pass(1);
    assertEquals(pusher.stats.pushed, 1);
    await time.pass(30);
    assertEquals(pusher.stats.pushed, 4);
    await pusher.stop();
    assertEquals(pusher.stats.pushed, 5);
    await time.pass(30);
    assertEquals(pusher.stats.pushed, 5);
  });

  it("start() begins again behind stop(), with one timer", async () => {
    const time = new FakeTime();
    const { pusher } = setUp({ fetch: () => Promise.resolve(ok()) }, time);
    pusher.start();
    await pusher.stop();
    pusher.start();
    await time.pass(16);
    assertEquals(pusher.stats.pushed, 3);
    await pusher[Symbol.asyncDispose]();
    await time.pass(20);
    assertEquals(pusher.stats.pushed, 4);
  });

  it("start() says what to do where timers run only within requests", () => {
    const { pusher } = setUp({}, new FakeTime(), {});
    assertThrows(() => pusher.start(), Error, "call pushLater(ctx) in each of them");
  });

  it("stop() waits for the push that is under way, and tries its own once", async () => {
    const { pusher, sent } = setUp({}, new FakeTime());
    const pushing = pusher.push();
    await settle();
    const stopping = pusher.stop();
    sent[0]!.answer(ok());
    assertEquals(await pushing, true);
    await settle();
    assertEquals(sent.length, 2);
    sent[1]!.answer(new Response(null, { status: 503 }));
    await stopping;
    assertEquals([sent.length, pusher.stats.failed], [2, 1]);
  });
});

describe("createPusher()", () => {
  it("refuses what is wrong at once", () => {
    for (
      const [options, message] of [
        [{ url: "nowhere" }, "url must be an absolute URL, got a string of 7 characters"],
        [
          { headers: { authorization: "Bearer secret\n" } },
          "headers.authorization must be the value of a header, without line breaks and characters beyond U+00FF, got a string of 14 characters",
        ],
        [
          { headers: { authorization: "Bearer €" } },
          "headers.authorization must be the value of a header, without line breaks and characters beyond U+00FF, got a string of 8 characters",
        ],
        [{ headers: { "a: b": "c" } }, "headers must have names of headers, got a string of 4 characters"],
        [{ headers: new Headers({ "x-scope": "1" }) }, "headers must be an object, got "],
        [{ headers: new Map([["x-scope", "1"]]) }, "headers must be an object, got "],
        [
          { headers: { "Content-Type": "a/b" } },
          "headers.Content-Type must be left out: the protocol or the connection says it",
        ],
        [{ headers: { "content-length": "1" } }, "headers.content-length must be left out: the protocol"],
        [{ url: "ftp://host" }, "url must begin with http: or https:, got a string of 10 characters"],
        [{ protocol: "statsd" }, 'protocol must be one of pushgateway, victoriametrics, otlp, got "statsd"'],
        [{ job: "" }, 'job must be a string with something in it, got ""'],
        [{ monitor: {} }, "monitor must be a monitor, got an object"],
        [{ intervalSeconds: 0 }, "intervalSeconds must be from 1 to 3600, got 0"],
        [{ timeoutSeconds: Number.NaN }, "timeoutSeconds must be from 0.001 to 60, got NaN"],
        [{ retries: 1.5 }, "retries must be a whole number, got 1.5"],
        [{ labels: { a: 1 } }, "labels.a must be a string, got 1"],
        ...(["pushgateway", "victoriametrics"] as const).flatMap((protocol) =>
          [
            ...["a-b", "a.b", "é", "", "1a", "__meta"].map((name) =>
              [{ protocol, labels: { [name]: "x" } }, "labels must have names of letters, digits and _"] as const
            ),
            [{ protocol, labels: { __name__: "x" } }, "labels must not change the names of metrics, got"],
            [{ protocol, labels: { job: "x" } }, "labels must leave to the option job what it tells, got"],
            [{ protocol, labels: { instance: "x" } }, "labels must leave to the option instance what it tells, got"],
            ...["method", "le", "quantile", "kind"].map((name) =>
              [
                { protocol, labels: { [name]: "x" } },
                "labels must not have the name of a label that series have",
              ] as const
            ),
          ] as const
        ),
        [{ headers: { Host: "h" } }, "headers.Host must be left out: the protocol or the connection says it"],
        [{ headers: [] }, "headers must be an object"],
        [{ onError: 1 }, "onError must be a function, got 1"],
        [{ fetch: 1 }, "fetch must be a function, got a number"],
        [{ maxBytes: 0 }, "maxBytes must be from 1"],
        [{ protocol: "otlp", monitor: { handler() {}, snapshot() {} } }, "expected a monitor, got object"],
        [{ interval: 1 }, "unknown option; expected one of url, protocol, job"],
      ] as const
    ) assertThrows(() => setUp(options as never), Error, `Cannot create pusher: ${message}`);
    assertThrows(
      () => createPusher(null as never),
      TypeError,
      "Cannot create pusher: options must be an object, got null",
    );
  });

  it("refuses labels that OTLP gives another meaning, and those that the monitor's series have", () => {
    using monitor = createMonitor({
      registry: new Registry(),
      labels: { shop: "s" },
      http: { labels: { route: "handler" }, computedLabels: { tenant: () => "t" } },
    });
    // What is measured later has its labels kept when it is pushed.
    assert(monitor.recorder);
    const make = (protocol: PusherOptions["protocol"], name: string) => () =>
      createPusher({ protocol, url: "http://host/", job: "api", monitor, labels: { [name]: "x" } });
    for (const name of ["", "__name__", "service.name", "service.instance.id"]) {
      assertThrows(make("otlp", name), RangeError, "Cannot create pusher: labels must");
    }
    for (const name of ["shop", "handler", "tenant"]) {
      assertThrows(
        make("victoriametrics", name),
        RangeError,
        "labels must not have the name of a label that series have",
      );
      // The sender's and the series' are not mixed there.
      make("otlp", name)();
    }
    make("otlp", "a.b")();
  });

  it("keeps what series say under a name of the sender's labels, as scraping would", () => {
    const page = [
      '# HELP a_total Says {job="x"} and "half',
      'a_total{job="email"} 1',
      'a_total{queue="b,job=",job="\\"{job=\\"",instance="one"} 2',
      'a_total{cron_job="c"} 3',
      'b{zone="z",exported_zone="e"} 4',
      "",
    ].join("\n");
    assertEquals(keepingLabels(page, { job: "api", instance: "one", zone: "q" }).split("\n"), [
      '# HELP a_total Says {job="x"} and "half',
      'a_total{exported_job="email"} 1',
      'a_total{queue="b,job=",exported_job="\\"{job=\\"",instance="one"} 2',
      'a_total{cron_job="c"} 3',
      'b{exported_exported_zone="z",exported_zone="e"} 4',
      "",
    ]);
  });

  it("starts nothing by itself", async () => {
    const { pusher, sent, monitor } = setUp();
    await settle();
    assertEquals([sent.length, monitor.pages], [0, 0]);
    assertEquals(pusher.stats, { pushed: 0, failed: 0, skipped: 0 });
  });
});
