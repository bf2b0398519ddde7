import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { deferred, sleep } from "../support/loop.ts";
import { createMonitor as createEdgeMonitor, trackContext } from "../../src/edge/mod.ts";

/** A context as workerd's is: its methods refuse every object but itself. */
class ExecutionContext {
  readonly #promises: unknown[] = [];
  readonly props = { tenant: "acme" };
  passed = false;

  get promises(): readonly unknown[] {
    return this.#promises;
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#promises.push(promise);
  }

  passThroughOnException(): void {
    this.#promises.length;
    this.passed = true;
  }
}

describe("monitor.trackContext()", () => {
  it("hands promises to the runtime and counts them until they settle", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const context = new ExecutionContext();
    const tracked = trackContext(monitor, context);
    const [mail, log] = [deferred<void>(), deferred<void>()];
    tracked.waitUntil(mail.promise);
    const { waitUntil } = tracked;
    waitUntil(log.promise);
    assertEquals(context.promises, [mail.promise, log.promise]);
    assertStrictEquals(context.promises[0], mail.promise);
    assertEquals(monitor.snapshot().pending["wait_until"], 2);
    log.reject(new Error("a failure is the runtime's business"));
    await sleep(0);
    assertEquals(monitor.snapshot().pending["wait_until"], 1);
    assert(monitor.snapshot().oldestAges["wait_until"]! >= 0);
    mail.resolve();
    await sleep(0);
    assertEquals(monitor.snapshot().pending["wait_until"], 0);
  });

  it("does everything else on the runtime's own context", () => {
    using monitor = createMonitor({ registry: new Registry() });
    const context = new ExecutionContext();
    const tracked = trackContext(monitor, context, "behind");
    tracked.passThroughOnException();
    assertEquals([context.passed, tracked.passed, tracked.props.tenant], [true, true, "acme"]);
    assertEquals(tracked.promises.length, 0);
    assert(tracked instanceof ExecutionContext);
    // What is no promise is the runtime's to refuse or take.
    tracked.waitUntil(undefined as never);
    assertEquals([context.promises, monitor.snapshot().pending], [[undefined], monitor.snapshot().pending]);
    assertEquals(monitor.snapshot().pending["behind"], undefined);
  });

  it("tracks on a context that is frozen, and shows all that it has", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const promises: unknown[] = [];
    const context = Object.freeze({
      props: { tenant: "acme" },
      waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
      tenantOf(this: { props: { tenant: string } }) {
        return this.props.tenant;
      },
    });
    const tracked = trackContext(monitor, context);
    const mail = deferred<void>();
    tracked.waitUntil(mail.promise);
    assertEquals([promises, monitor.snapshot().pending["wait_until"]], [[mail.promise], 1]);
    assertEquals([tracked.props, tracked.tenantOf()], [context.props, "acme"]);
    assertEquals([Object.keys(tracked), "props" in tracked], [Object.keys(context), true]);
    // A framework that makes a context of its own from it still tracks.
    const copy = { ...tracked, more: 1 };
    copy.waitUntil(mail.promise);
    assertEquals(monitor.snapshot().pending["wait_until"], 2);
    assertThrows(() => (tracked as { props: unknown }).props = {}, TypeError);
    mail.resolve();
    await sleep(0);
    assertEquals(monitor.snapshot().pending["wait_until"], 0);
  });

  it("takes and removes what is set on it on the runtime's own context", () => {
    using monitor = createMonitor({ registry: new Registry() });
    const context = Object.assign(new ExecutionContext(), { trace: "a" });
    const tracked = trackContext(monitor, context);
    tracked.trace = "b";
    assertEquals([context.trace, tracked.trace], ["b", "b"]);
    Object.defineProperty(tracked, "span", { value: 7, configurable: true, enumerable: true });
    assertEquals((context as { span?: number }).span, 7);
    delete (tracked as { span?: number }).span;
    assertEquals("span" in context, false);
  });

  it("counts work once, whoever else tracks on the same context", async () => {
    const monitor = createEdgeMonitor();
    const work = deferred<void>();
    const kinds = (): [unknown, unknown] => {
      const { pending } = monitor.snapshot();
      return [pending["wait_until"], pending["behind"]];
    };
    // The handler is instrumented, and the app tracks for itself within it.
    const inner = monitor.instrument((_request: Request, _env: unknown, context: ExecutionContext) => {
      trackContext(monitor, context, "behind").waitUntil(work.promise);
      return new Response("x");
    });
    await (await inner(new Request("http://localhost/"), {}, new ExecutionContext())).text();
    assertEquals(kinds(), [undefined, 1]);
    // The app tracks first, and hands its context to an instrumented handler.
    const outer = monitor.instrument((_request: Request, _env: unknown, context: ExecutionContext) => {
      context.waitUntil(work.promise);
      return new Response("x");
    });
    const context = new ExecutionContext();
    await (await outer(new Request("http://localhost/"), {}, trackContext(monitor, context, "behind"))).text();
    assertEquals(kinds(), [undefined, 2]);
    // The runtime has each promise once, and that of the request's own end.
    assertEquals(context.promises.filter((promise) => promise === work.promise).length, 1);
    work.resolve();
    await sleep(0);
    assertEquals(kinds(), [undefined, 0]);
    monitor.stop();
  });

  it("hands on where nothing is measured", () => {
    using monitor = createMonitor({ registry: new Registry(), enabled: false });
    const context = new ExecutionContext();
    const promise = Promise.resolve();
    trackContext(monitor, context).waitUntil(promise);
    assertEquals(context.promises, [promise]);
  });

  it("refuses what cannot wait", () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertThrows(() => trackContext(monitor, {} as never), TypeError, "expected one with waitUntil, got one without");
    assertThrows(() => trackContext(monitor, undefined as never), TypeError, "with waitUntil, got undefined");
  });
});
