import { parser } from "@prometheus-io/lezer-promql";

/** What an expression is made of. */
export interface ParsedExpression {
  /** Where the grammar stumbled; empty when it is well formed. */
  errors: string[];
  /** The names of the metrics that it reads. */
  metrics: string[];
  /** The labels that its matchers, its groupings and its `on` name. */
  labels: string[];
}

/** Parses PromQL with Prometheus' own grammar. */
export function parsePromql(expression: string): ParsedExpression {
  const parsed: ParsedExpression = { errors: [], metrics: [], labels: [] };
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      const text = expression.slice(from, to);
      if (type.isError) parsed.errors.push(`at ${from}: ${expression.slice(Math.max(0, from - 20), from + 20)}`);
      // The name of a metric stands in its selector; labels are identifiers of their own kinds.
      else if (type.name === "Identifier") parsed.metrics.push(text);
      else if (type.name === "LabelName") parsed.labels.push(text);
    },
  });
  return parsed;
}

/** Puts something into the places of Grafana's variables, as Grafana does before it asks Prometheus. */
export function withoutGrafana(
  expression: string,
  { window = "1m", job = ".+", instance = ".+", copy = ".*" }: {
    window?: string;
    job?: string;
    instance?: string;
    copy?: string;
  } = {},
): string {
  return expression.replaceAll("$__rate_interval", window).replaceAll("$job", job).replaceAll("$instance", instance)
    .replaceAll("$copy", copy);
}
