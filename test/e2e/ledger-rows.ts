import { beginRow, endRow } from "./ledger";

beforeEach(beginRow);
afterEach(() => {
  const { currentTestName = "", testPath = "" } = expect.getState();
  if (/\/(faults|keeps-data|interrupted)\b/.test(testPath)) endRow(currentTestName);
});
