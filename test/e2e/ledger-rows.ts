import { beginRow, endRow } from "./ledger";

beforeEach(beginRow);
afterEach(() => {
  endRow(expect.getState().currentTestName ?? "");
});
