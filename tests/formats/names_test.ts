import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Escaping, labelName, metricName, seriesName } from "../../src/formats/names.ts";

describe("metricName()", () => {
  const cases: [name: string, escaping: Escaping, spelled: string][] = [
    ["http_requests:rate_total", "underscores", "http_requests:rate_total"],
    ["http_requests:rate_total", "dots", "http_requests:rate_total"],
    ["http_requests:rate_total", "values", "http_requests:rate_total"],
    ["http.server_duration/ä", "allow-utf-8", "http.server_duration/ä"],
    ["http.server_duration/ä", "underscores", "http_server_duration__"],
    ["http.server_duration/ä", "dots", "http_dot_server__duration____"],
    ["http.server_duration/ä", "values", "U__http_2E_server__duration_2F__E4_"],
    ["1st", "underscores", "_st"],
    ["1st", "values", "U___31_st"],
    // One character, though JavaScript has two halves for it; half of one is what UTF-8 has in its place.
    ["a😀", "underscores", "a_"],
    ["a😀", "values", "U__a_1F600_"],
    ["a\ud800", "allow-utf-8", "a\ufffd"],
    ["a\ud800", "values", "U__a_FFFD_"],
    ["", "values", ""],
  ];
  for (const [name, escaping, spelled] of cases) {
    it(`spells ${JSON.stringify(name)} by ${escaping} as ${spelled || "nothing"}`, () => {
      assertEquals(metricName(name, escaping), spelled);
    });
  }
});

describe("labelName()", () => {
  it("has no colon in a plain name, and quotes what is not plain", () => {
    assertEquals(labelName("a_1", "allow-utf-8"), "a_1");
    assertEquals(labelName("a:b", "underscores"), "a_b");
    assertEquals(labelName("a:b", "allow-utf-8"), '"a:b"');
    assertEquals(labelName('a"\\\n', "allow-utf-8"), '"a\\"\\\\\\n"');
    assertEquals(labelName("", "underscores"), "_");
  });

  it("is never `__name__`, which would be another name for the metric", () => {
    for (const escaping of ["allow-utf-8", "underscores", "dots", "values"] as const) {
      assertEquals(labelName("__name__", escaping), "exported___name__");
    }
    assertEquals(labelName("é_name__", "underscores"), "exported___name__");
    assertEquals(labelName("__name", "underscores"), "__name");
  });
});

describe("seriesName()", () => {
  it("puts a name that is not plain between the braces", () => {
    assertEquals(seriesName("jobs", ""), "jobs");
    assertEquals(seriesName("jobs", 'a="b"'), 'jobs{a="b"}');
    assertEquals(seriesName("my.jobs", ""), '{"my.jobs"}');
    assertEquals(seriesName("my.jobs", 'a="b"'), '{"my.jobs",a="b"}');
  });
});
