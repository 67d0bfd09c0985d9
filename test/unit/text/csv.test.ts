import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csvText } from "../../../server/text/csv.ts";

describe("csvText", () => {
  it("writes numbers exactly, and nothing for those that do not exist", () => {
    const rows = [[1, 0.1 + 0.2, null, NaN, 1e-30]];
    assert.equal(
      csvText({ columns: ["a", "b", "c", "d", "e"], rows }),
      "a,b,c,d,e\r\n1,0.30000000000000004,,,1e-30\r\n",
    );
  });

  it("quotes what needs it, and lets no name become a formula", () => {
    assert.equal(csvText({ columns: ["x"], rows: [['a "b", c'], ["=1+1"]] }), 'x\r\n"a ""b"", c"\r\n\'=1+1\r\n');
  });
});
