import { cleanUp, undoneOnFailure } from "../../lab/cleanup";

function recorder() {
  const undone: string[] = [];
  const undo = (name: string) => () => {
    undone.push(name);
    return Promise.resolve();
  };
  return { undone, undo };
}

test("work that fails is undone, work that succeeds is not", async () => {
  const { undone, undo } = recorder();
  await expect(undoneOnFailure(undo("a"), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await undoneOnFailure(undo("b"), () => Promise.resolve());
  expect(undone).toEqual(["a"]);
  await cleanUp();
  expect(undone).toEqual(["a"]);
});

test("a process that has to end undoes what is under way, the last first", async () => {
  const { undone, undo } = recorder();
  let finish: () => void = () => undefined;
  const inner = new Promise<void>((resolve) => (finish = resolve));
  const work = undoneOnFailure(undo("outer"), () => undoneOnFailure(undo("inner"), () => inner));
  await cleanUp();
  expect(undone).toEqual(["inner", "outer"]);
  finish();
  await work;
});
