/** `npm run lab -- status | head -1` ends quietly. */
import { EventEmitter } from "node:events";
import { endWithReader } from "../../lab/closed-pipe";

const failing = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

test("who has read enough ends us", () => {
  const output = new EventEmitter();
  const end = jest.fn();
  endWithReader(output, end);
  output.emit("error", failing("EPIPE"));
  expect(end).toHaveBeenCalledTimes(1);
});

test("a full disk is an error still", () => {
  const output = new EventEmitter();
  const end = jest.fn();
  endWithReader(output, end);
  expect(() => output.emit("error", failing("ENOSPC"))).toThrow("write ENOSPC");
  expect(end).not.toHaveBeenCalled();
});
