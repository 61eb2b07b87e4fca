/** In which grammar a file is shown where a host does not answer. */
import { resourceOf } from "../one-volume";
import { renderResource } from "../../../provider/core/config/render-configuration";
import { fittingGrammar, grammarFailures } from "../../../provider/core/config/grammar-failures";
import { writtenGrammar } from "../../../provider/core/installed/node-ids";
import { r0 } from "../observed-builder";

test("the configuration in the state tells its grammar", () => {
  for (const grammar of ["8.4", "9"] as const) {
    expect(writtenGrammar(resourceOf(r0), renderResource(resourceOf(r0), grammar, { redact: true }))).toBe(grammar);
    expect(writtenGrammar(resourceOf(r0), renderResource(resourceOf(r0), grammar, { nodeIds: [1, 0] }))).toBe(grammar);
  }
  expect(writtenGrammar(resourceOf(r0), "")).toBeUndefined();
});

test("where nothing is known, it is one that has all the options that are set", () => {
  const with9 = { ...r0, sections: { ...r0.sections, options: { "auto-promote": "no" } } };
  const of = (desired: typeof r0) => fittingGrammar((grammar) => grammarFailures(resourceOf(desired), grammar));
  expect(grammarFailures(resourceOf(with9), "8.4")).not.toEqual([]);
  expect([of(r0), of(with9)]).toEqual(["8.4", "9"]);
});
