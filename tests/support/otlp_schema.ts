/**
 * The messages of OTLP 1.x that a metrics export is made of, as its JSON encoding has them: field names in lowerCamelCase,
 * 64-bit integers as decimal texts, enumerations as integers, and nothing unknown (a receiver may ignore that; a sender must
 * not send it).
 */

type Check = (value: unknown, path: string) => void;

function must(condition: boolean, path: string, expected: string, value: unknown): asserts condition {
  if (!condition) throw new TypeError(`${path} must be ${expected}, got ${JSON.stringify(value)}`);
}

const text: Check = (value, path) => must(typeof value === "string", path, "a string", value);
const flag: Check = (value, path) => must(typeof value === "boolean", path, "true or false", value);
/** The mapping of protocol buffers has words for what JSON has no number for. */
const double: Check = (value, path) =>
  must(
    Number.isFinite(value) || ["NaN", "Infinity", "-Infinity"].includes(value as string),
    path,
    "a number, or the word for one that is not finite",
    value,
  );
const uint32: Check = (value, path) =>
  must(Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32, path, "a uint32", value);
const uint64: Check = (value, path) =>
  must(
    typeof value === "string" && /^(0|[1-9]\d*)$/.test(value) && BigInt(value) < 2n ** 64n,
    path,
    "a text with a uint64",
    value,
  );
const listOf = (check: Check): Check => (value, path) => {
  must(Array.isArray(value), path, "a list", value);
  value.forEach((each, i) => check(each, `${path}[${i}]`));
};
const oneOf = (...values: unknown[]): Check => (value, path) =>
  must(values.includes(value), path, `one of ${values.join(", ")}`, value);

/** A message: all of the required fields, any of the optional ones, exactly one of the choice if there is one. */
function message(
  required: Record<string, Check>,
  optional: Record<string, Check>,
  choice?: Record<string, Check>,
): Check {
  const fields = { ...required, ...optional, ...choice };
  return (value, path) => {
    must(typeof value === "object" && value !== null && !Array.isArray(value), path, "an object", value);
    const names = Object.keys(value);
    for (const name of names) must(name in fields, `${path}.${name}`, "absent: OTLP has no such field", value);
    for (const name of Object.keys(required)) must(names.includes(name), `${path}.${name}`, "there", value);
    if (choice) {
      const chosen = names.filter((name) => name in choice);
      must(chosen.length === 1, path, `with exactly one of ${Object.keys(choice).join(", ")}`, chosen);
    }
    for (const name of names) fields[name]!((value as Record<string, unknown>)[name], `${path}.${name}`);
  };
}

const both = (...checks: Check[]): Check => (value, path) => checks.forEach((check) => check(value, path));

const anyValue = message({}, {}, { stringValue: text, boolValue: flag, intValue: uint64, doubleValue: double });
const attributes = both(listOf(message({ key: text, value: anyValue }, {})), (value, path) => {
  const keys = (value as { key: string }[]).map(({ key }) => key);
  must(keys.every((key) => key !== "") && new Set(keys).size === keys.length, path, "keys that differ", keys);
});

const hexadecimal = (digits: number): Check => (value, path) =>
  must(typeof value === "string" && new RegExp(`^[0-9a-f]{${digits}}$`).test(value), path, `${digits} digits`, value);
const exemplar = message(
  { timeUnixNano: uint64 },
  { filteredAttributes: attributes, traceId: hexadecimal(32), spanId: hexadecimal(16) },
  { asDouble: double, asInt: uint64 },
);

const point = { attributes, startTimeUnixNano: uint64, timeUnixNano: uint64, flags: uint32 };
const inOrder: Check = (value, path) => {
  const { startTimeUnixNano = "0", timeUnixNano } = value as { startTimeUnixNano?: string; timeUnixNano: string };
  must(BigInt(startTimeUnixNano) <= BigInt(timeUnixNano), path, "a point that began before it was told", value);
};
const numberPoint = both(
  message({ timeUnixNano: uint64 }, { ...point, exemplars: listOf(exemplar) }, { asDouble: double, asInt: uint64 }),
  inOrder,
);
const histogramPoint = both(
  message(
    { timeUnixNano: uint64, count: uint64, bucketCounts: listOf(uint64), explicitBounds: listOf(double) },
    { ...point, sum: double, min: double, max: double, exemplars: listOf(exemplar) },
  ),
  inOrder,
  (value, path) => {
    const { count, bucketCounts, explicitBounds } = value as {
      count: string;
      bucketCounts: string[];
      explicitBounds: number[];
    };
    must(bucketCounts.length === explicitBounds.length + 1, path, "one bucket more than bounds", value);
    const sum = bucketCounts.reduce((sum, each) => sum + BigInt(each), 0n);
    must(sum === BigInt(count), path, "buckets that add up to the count", value);
    must(explicitBounds.every((bound, i) => i === 0 || bound > explicitBounds[i - 1]!), path, "rising bounds", value);
  },
);
const summaryPoint = both(
  message(
    { timeUnixNano: uint64, count: uint64, sum: double },
    { ...point, quantileValues: listOf(message({ quantile: double, value: double }, {})) },
  ),
  inOrder,
);

/** A sum that is not monotonic would need a temporality as well; what only rises must have both. */
const temporality = oneOf(1, 2);

const metric = message({ name: text }, { description: text, unit: text }, {
  gauge: message({ dataPoints: listOf(numberPoint) }, {}),
  sum: message({ dataPoints: listOf(numberPoint), aggregationTemporality: temporality }, { isMonotonic: flag }),
  histogram: message({ dataPoints: listOf(histogramPoint), aggregationTemporality: temporality }, {}),
  summary: message({ dataPoints: listOf(summaryPoint) }, {}),
});

/** Throws if a value is no `ExportMetricsServiceRequest`. */
export const checkExportRequest: (value: unknown) => void = (value) =>
  message({
    resourceMetrics: listOf(message({
      resource: message({ attributes }, { droppedAttributesCount: uint32 }),
      scopeMetrics: listOf(message({
        scope: message({ name: text }, { version: text, attributes, droppedAttributesCount: uint32 }),
        metrics: listOf(metric),
      }, { schemaUrl: text })),
    }, { schemaUrl: text })),
  }, {})(value, "request");
