import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { acceptsGzip, negotiateFormat } from "../../src/page/negotiation.ts";

const text = "text/plain; version=0.0.4; charset=utf-8";
const open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const json = "application/json; charset=utf-8";
const protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

describe("negotiateFormat()", () => {
  const cases: [accept: string | null, contentType: string][] = [
    [null, text],
    ["", text],
    ["*/*", text],
    ["text/*", text],
    ["text/html", text],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text],
    ["application/openmetrics-text", open],
    ["application/openmetrics-text;version=1.0.0", open],
    ['application/openmetrics-text; version="1.0.0"', open],
    ["APPLICATION/OpenMetrics-Text; Version=1.0.0", open],
    ["application/openmetrics-text; version=0.0.1", open.replace("1.0.0", "0.0.1")],
    ["application/openmetrics-text; version=2.0.0", text],
    ["application/openmetrics-text; version=2.0.0, application/openmetrics-text; version=1.0.0;q=0.1", open],
    ["application/json", json],
    ["application/json, text/plain, */*", json],
    ["application/json;q=0.5, text/plain", text],
    ["application/openmetrics-text, */*", open],
    ["application/*", open],
    // Prometheus 2.
    [
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      open,
    ],
    // Prometheus 3, and the same with text first in its list of protocols.
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      `${open}; escaping=allow-utf-8`,
    ],
    [
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.2",
      "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ],
    // Prometheus 3 that reads native histograms or the times at which series began.
    [
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;" +
      "escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      `${protobuf}; escaping=allow-utf-8`,
    ],
    ["application/vnd.google.protobuf", protobuf],
    ["application/vnd.google.protobuf;encoding=text, text/plain;q=0.1", text],
    ["application/vnd.google.protobuf;proto=io.prometheus.client.Other;encoding=delimited", text],
    // Whoever takes anything gets something that can be read.
    ["application/vnd.google.protobuf;q=0, application/*", open],
    // What is refused, or has a q that is none, is as if it were not there.
    ["application/openmetrics-text;q=0, text/plain;q=0.1", text],
    ["application/openmetrics-text;q=two, text/plain;q=0.1", text],
    ["application/openmetrics-text;q=1.5, text/plain;q=0.1", text],
    ["text/plain;q=0, */*", open],
    ["text/plain;q=0", text],
    // The q goes before the place, the more exact before the wildcard.
    ["text/plain;q=0.4, application/openmetrics-text;q=0.5", open],
    ["text/plain;q=0.5, application/openmetrics-text;q=0.4", text],
    ['text/plain;x="a,b;q=0";q=0.2, application/openmetrics-text;q=0.1', text],
    [",;,", text],
  ];
  for (const [accept, contentType] of cases) {
    it(`answers ${JSON.stringify(accept)} with ${contentType}`, () => {
      assertEquals(negotiateFormat(accept).contentType, contentType);
    });
  }

  for (const escaping of ["allow-utf-8", "underscores", "dots", "values"]) {
    it(`escapes by ${escaping} where that is asked for, and says so`, () => {
      const format = negotiateFormat(`text/plain;version=1.0.0;escaping=${escaping}`);
      assertEquals(format.escaping as string, escaping);
      assertEquals(format.contentType, `text/plain; version=1.0.0; charset=utf-8; escaping=${escaping}`);
    });
  }

  it("escapes by underscores where nothing, or something unknown, is asked for", () => {
    for (const accept of [null, "text/plain", "text/plain;escaping=none"]) {
      const { escaping, contentType } = negotiateFormat(accept);
      assertEquals([escaping, contentType], ["underscores", text]);
    }
  });

  it("lets the query decide where it names a format", () => {
    assertEquals(negotiateFormat("text/plain", "json").contentType, json);
    assertEquals(negotiateFormat("application/json", "text").contentType, text);
    assertEquals(negotiateFormat(null, "openmetrics").contentType, open);
    assertEquals(negotiateFormat(null, "protobuf").contentType, protobuf);
    assertEquals(negotiateFormat("application/json", "xml").contentType, json);
  });
});

describe("acceptsGzip()", () => {
  const cases: [header: string | null, accepts: boolean][] = [
    [null, false],
    ["", false],
    ["gzip", true],
    ["x-gzip", true],
    ["GZIP", true],
    ["deflate, gzip;q=0.5, br", true],
    ["gzip;q=0", false],
    ["gzip; q=0.000", false],
    ["*", true],
    ["*;q=0", false],
    ["gzip;q=0, *", false],
    ["br, deflate", false],
    ["identity", false],
    ["identity, gzip;q=0.5", false],
    ["identity;q=0.5, gzip", true],
    ["identity;q=0, *;q=0.1", true],
    ["gzip;q=no", false],
  ];
  for (const [header, accepts] of cases) {
    it(`takes ${JSON.stringify(header)} for ${accepts ? "gzip" : "no gzip"}`, () => {
      assertEquals(acceptsGzip(header), accepts);
    });
  }
});
