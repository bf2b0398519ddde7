import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";

import { checkCallOptions, serviceFinder } from "../../src/calls/services.ts";

describe("serviceFinder()", () => {
  const find = serviceFinder({
    "api.stripe.com": "stripe",
    "localhost": "sidecar",
    "localhost:8080": "search",
    "*.amazonaws.com": "aws",
    "*.s3.amazonaws.com": "s3",
    "Mail.Example.COM": "mail",
    "[::1]": "loopback",
  });
  const cases: [url: string | URL, service: string][] = [
    ["https://api.stripe.com/v1/charges?amount=1", "stripe"],
    ["https://API.Stripe.com:443/", "stripe"],
    [new URL("https://api.stripe.com/"), "stripe"],
    ["http://localhost:8080/find", "search"],
    ["http://localhost:8081/find", "sidecar"],
    ["http://localhost/find", "sidecar"],
    ["https://sqs.eu-west-1.amazonaws.com/", "aws"],
    ["https://bucket.s3.amazonaws.com/", "s3"],
    // A wildcard stands for something.
    ["https://amazonaws.com/", "_other"],
    ["https://evilamazonaws.com/", "_other"],
    ["https://mail.example.com/", "mail"],
    ["http://[::1]:9000/", "loopback"],
    ["https://stripe.com/", "_other"],
    ["https://api.stripe.com.evil.example/", "_other"],
    ["data:text/plain,hello", "_other"],
    ["/relative", "_other"],
    ["", "_other"],
  ];
  for (const [url, service] of cases) {
    it(`takes ${JSON.stringify(String(url))} for ${service}`, () => assertEquals(find(url), service));
  }

  it("takes everything for _other without a table", () => {
    assertEquals(serviceFinder()("https://api.stripe.com/"), "_other");
  });
});

describe("the options of measureCalls()", () => {
  const refused: [options: unknown, Class: typeof TypeError | typeof RangeError, message: string][] = [
    ["x", TypeError, "options must be an object, got a string of 1 characters"],
    [{ hosts: {} }, TypeError, 'unknown option; expected one of services, got "hosts"'],
    [{ services: [] }, TypeError, "services must be an object, got a list"],
    [{ services: { "a.com": "" } }, TypeError, 'services["a.com"] must be a string with something in it'],
    [
      { services: { "a.com": 7 } },
      TypeError,
      'services["a.com"] must be a string with something in it, got 7',
    ],
    [{ services: { "https://a.com": "a" } }, RangeError, "a host in services must be such as api.example.com"],
    [{ services: { "a.*.com": "a" } }, RangeError, "localhost:8080 or *.example.com, got "],
    [{ services: { "*": "a" } }, RangeError, "a host in services must be such as"],
    [{ services: { "": "a" } }, RangeError, "a host in services must be such as"],
  ];
  for (const [options, Class, message] of refused) {
    it(`refuses ${JSON.stringify(options)}: ${message}`, () => {
      assertThrows(() => checkCallOptions(options as never), Class, message);
    });
  }
});
