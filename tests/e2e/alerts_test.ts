import { after, before, it } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import {
  type Alertmanager,
  startAlertmanager,
  startWebhook,
  type ToldAlert,
  type Webhook,
} from "../support/alertmanager.ts";
import { panelsOf, readKit, readRepository } from "../support/kit.ts";
import { MachineWaits } from "../support/machine_waits.ts";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, type Result, startPrometheus } from "../support/prometheus.ts";
import { shortenedRules } from "../support/shortened_rules.ts";
import { withoutGrafana } from "../support/promql_names.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { until } from "../support/until.ts";

const runtimes: readonly DemoRuntime[] = ["node", "deno", "bun"];
/** The one that is blocked on purpose. */
const victim: DemoRuntime = "deno";

/** The example's routes and inhibition, sent to the test and without a pause. */
function alertmanagerConfig(webhook: string): object {
  const text = readRepository("examples/alertmanager.yml")
    .replaceAll("http://localhost:5001", webhook)
    .replace(/(group_wait|group_interval): \w+/g, "$1: 1s");
  return parse(text) as object;
}

/** A request to each route that has something to show. */
const everything = ["/", "/users/7", "/pool?jobs=1", "/limited", "/stream?ms=60", "/no-such-page"];
/** What keeps rates above 0, and costs nothing that an alert could be about. */
const little = ["/", "/users/7"];

describeWith("the kit with Prometheus and Alertmanager", ["prometheus", "prometheus-alertmanager"], (generation) => {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-alerts-"));
  const demos = new Map<DemoRuntime, Demo>();
  let webhook: Webhook | undefined;
  let alertmanager: Alertmanager | undefined;
  let prometheus: Prometheus | undefined;
  let visiting: ReturnType<typeof setInterval> | undefined;
  let waits: MachineWaits<DemoRuntime> | undefined;

  const instance = (runtime: DemoRuntime): string => `127.0.0.1:${new URL(demos.get(runtime)!.url).port}`;
  /** One after another: three cold processes that are asked for all at once are slow, and alerts say so. */
  const visit = async (paths: string[]): Promise<void> => {
    for (const { url } of demos.values()) {
      for (const path of paths) await fetch(url + path).then((response) => response.arrayBuffer());
    }
  };

  before(async () => {
    const started = await Promise.allSettled(
      runtimes.map(async (runtime) => demos.set(runtime, await startDemo(runtime))),
    );
    const failed = started.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    waits = new MachineWaits(demos);
    webhook = await startWebhook();
    alertmanager = await startAlertmanager(generation, alertmanagerConfig(webhook.url));
    const rules = join(folder, "rules.yml");
    writeFileSync(rules, JSON.stringify(shortenedRules()));
    prometheus = await startPrometheus(generation, {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager.address] }] }] },
      scrape_configs: [{ job_name: "api", static_configs: [{ targets: runtimes.map(instance) }] }],
    });
    await visit(everything);
    visiting = setInterval(() => visit(little).catch(() => {}), 1000);
  });

  after(async () => {
    clearInterval(visiting);
    waits?.stop();
    await Promise.allSettled([
      ...[prometheus, alertmanager, webhook].map((each) => each?.stop()),
      ...[...demos.values()].map((demo) => demo.stop()),
    ]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("has every target up and every rule in health", async () => {
    const up = await until(
      () => prometheus!.query("up == 1"),
      (up) => up.length === runtimes.length,
      30,
    );
    assertEquals(up.length, runtimes.length, prometheus!.log());
    interface RuleHealth {
      name: string;
      health: string;
      lastError?: string;
    }
    const readRules = async (): Promise<RuleHealth[]> => {
      const response = await fetch(`${prometheus!.url}/api/v1/rules`);
      const { data } = await response.json() as { data: { groups: { rules: RuleHealth[] }[] } };
      return data.groups.flatMap(({ rules }) => rules);
    };
    const rules = await until(readRules, (rules) => rules.every(({ health }) => health === "ok"), 30);
    assertEquals(rules.length, readKit().rules.length);
    assertEquals(rules.filter(({ health }) => health !== "ok"), []);
  });

  it("is visited while it is scraped", () => visit(everything));

  for (const runtime of runtimes) {
    it(`has data for each panel, or the panel says why not, on ${runtime}`, async () => {
      const names = { node: "Node", deno: "Deno", bun: "Bun" };
      const silent = async (): Promise<string[]> => {
        const titles: string[] = [];
        for (const { title, targets, description } of panelsOf(readKit().dashboard)) {
          const says = description!.includes(`Missing on ${names[runtime]}:`) ||
            description!.includes("Shows something only with");
          if (says) continue;
          const answers = await Promise.all(
            targets!.map(({ expr }) =>
              prometheus!.query(withoutGrafana(expr, { window: "10s", job: "api", instance: instance(runtime) }))
            ),
          );
          if (!answers.some((results) => results.some(({ value }) => value![1] !== "NaN"))) titles.push(title);
        }
        return titles;
      };
      // Prometheus takes up its targets with a tick of 5 s, and a rate needs two scrapes.
      assertEquals(await until(silent, (titles) => titles.length === 0, 40), []);
    });
  }

  it("tells the pager of the one that is blocked, and of nobody else", { timeout: 500_000 }, async () => {
    /** Alerts look at 30 s: of whoever waited for the machine for a hundredth of that, they may tell the truth. */
    const isByMachine = (labels: Record<string, string>): boolean => {
      const of = runtimes.find((runtime) => instance(runtime) === labels["instance"]);
      return of !== undefined && waits!.most(of, 40) > 0.3;
    };
    // What the start of three processes may have cost is over when nothing is pending or firing any more.
    const active = async () => (await prometheus!.query("ALERTS")).filter(({ metric }) => !isByMachine(metric));
    assertEquals(await until(active, (alerts) => alerts.length === 0, 60), []);
    const begin = Date.now() / 1000;
    const all = [...webhook!.told("/pager"), ...webhook!.told("/morning")];
    assertEquals(all.filter(({ labels }) => !isByMachine(labels)), []);
    /** What the test brings about, or else should not have. */
    const isOurs = (labels: Record<string, string>): boolean =>
      labels["instance"] === instance(victim) && expected.includes(labels["alertname"]!) || !isByMachine(labels);
    const expected = ["RuntimeEventLoopHeld", "RuntimeEventLoopLagCritical", "RuntimeEventLoopLagHigh"];

    // Of 2.5 s in 30, over 5 % of all moments wait for longer than 200 ms; one would be enough.
    await fetch(`${demos.get(victim)!.url}/block?ms=2500`).then((response) => response.arrayBuffer());

    const pager = () => Promise.resolve(webhook!.told("/pager").filter(({ labels }) => isOurs(labels)));
    const [fired] = await until(pager, (told) => told.length > 0, 30);
    assert(fired, prometheus!.log());
    const { labels, annotations } = fired;
    assertEquals(
      [fired.status, labels],
      ["firing", {
        alertname: "RuntimeEventLoopLagCritical",
        severity: "critical",
        signal: "lag",
        job: "api",
        instance: instance(victim),
      }],
    );
    assertEquals(annotations["summary"], `Event loop of api/${instance(victim)} lags`);
    assertMatch(
      annotations["description"]!,
      /^Callbacks that are ready wait [\d.]+m?s for the event loop; the limit is 200ms for 30s\.$/,
    );
    assertMatch(annotations["runbook_url"]!, /#event-loop-lag$/);
    // The warning of the same thing fires as well, and is silenced.
    const firing = (name: string) => async () =>
      (await prometheus!.query(`ALERTS{alertname="${name}", alertstate="firing"}`)).filter(({ metric }) =>
        isOurs(metric)
      );
    const warning = await until(firing("RuntimeEventLoopLagHigh"), (alerts) => alerts.length > 0, 20);
    assertEquals(warning.map(({ metric }) => metric["instance"]), [instance(victim)]);
    // The route that did it is named, at its first stall already: 2.5 s of 30 are more than a twentieth.
    const holds = ({ metric }: Result): boolean => metric["name"] === "GET /block";
    const held = (await until(firing("RuntimeEventLoopHeld"), (alerts) => alerts.some(holds), 20))
      .filter((each) => holds(each) || !isByMachine(each.metric));
    assertEquals(held.map(({ metric }) => [metric["kind"], metric["name"], metric["instance"]]), [
      ["request", "GET /block", instance(victim)],
    ]);
    const isOfIt = ({ labels }: ToldAlert): boolean => labels["signal"] === "held" && labels["name"] === "GET /block";
    const morning = await until(() => Promise.resolve(webhook!.told("/morning")), (told) => told.some(isOfIt), 20);
    const { annotations: who } = morning.find(isOfIt)!;
    assertEquals(who["summary"], `request GET /block holds the event loop of api/${instance(victim)}`);

    // Half a minute behind the last time that the machine stood still.
    const told = await until(pager, (told) => told.some(({ status }) => status === "resolved"), 150);
    assertEquals(told.map(({ labels }) => labels["alertname"]), told.map(() => "RuntimeEventLoopLagCritical"));
    assertEquals(told.map(({ labels }) => labels["instance"]), told.map(() => instance(victim)));
    assertEquals(told.at(-1)!.status, "resolved");
    assertEquals(await until(active, (alerts) => alerts.length === 0, 30), []);

    const window = Math.ceil(Date.now() / 1000 - begin);
    const fires = await prometheus!.query(
      `count by (alertname, instance) (count_over_time(ALERTS{alertstate="firing"}[${window}s]))`,
    );
    assertEquals(
      fires.filter(({ metric }) => isOurs(metric)).map(({ metric }) => `${metric["alertname"]} ${metric["instance"]}`)
        .sort(),
      expected.map((name) => `${name} ${instance(victim)}`),
    );
  });
});
