import { remembered } from "../../../provider/core/config/remembered";

test("a text is read once, and again only after more others than are kept", () => {
  const read = jest.fn((text: string) => ({ text }));
  const both = remembered(read, 2);
  const first = both("a");
  expect([both("a"), both("b"), both("a")]).toEqual([first, { text: "b" }, first]);
  expect(both("a")).toBe(first);
  expect(read.mock.calls).toEqual([["a"], ["b"]]);
  expect([both("c"), both("a")]).toEqual([{ text: "c" }, { text: "a" }]);
  expect(read.mock.calls).toEqual([["a"], ["b"], ["c"], ["a"]]);
});
