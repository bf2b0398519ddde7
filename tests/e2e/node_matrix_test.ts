import { describe, it } from "node:test";
import { assert } from "@std/assert";
import { installNodes, runOn, versions } from "../../scripts/node_matrix.ts";

const skip = installNodes() ?? false;

describe("the behaviour tests and the truth of lag and stalls", { skip }, () => {
  for (const version of versions) {
    it(`pass on Node ${version}`, () => {
      const { passed, failed, ok, output } = runOn(version);
      // The figures, so that they can be quoted.
      for (const line of output.split("\n").filter((line) => line.startsWith(`node ${version}, `))) console.log(line);
      console.log(`Node ${version}: ${passed} passed, ${failed} failed`);
      assert(ok, output);
    });
  }
});
