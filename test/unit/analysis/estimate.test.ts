import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MatrixView } from "../../../server/architecture/architecture.ts";
import type { Batch, Waiting } from "../../../server/analysis/queue.ts";
import { Pace, readMeasured } from "../../../server/analysis/estimate.ts";

const software = { adapter: "llvmpipe", software: true };
const view = (rows: number, columns: number): MatrixView => ({ rows, columns }) as MatrixView;
const matrix = (rows: number, columns: number, vectors = false): Waiting => ({ matrix: view(rows, columns), vectors });
const batch = (size: number, count = 1, vectors = false): Batch => ({
  matrices: Array.from({ length: count }, () => view(size, size)),
  vectors,
});

describe("Pace", () => {
  it("knows no adapter better than the least", () => {
    const seconds = new Pace().seconds(software, [matrix(1000, 500), matrix(500, 1000)]);
    assert.equal(seconds, (2 * 4 * 1000 * 500 * 500) / 1.2e9);
    assert.ok(new Pace().seconds({ ...software, software: false }, [matrix(1000, 500)]) < seconds / 100);
  });

  it("learns the rate of each size on each adapter", () => {
    const pace = new Pace();
    pace.note(software, batch(512, 2), 4);
    assert.equal(pace.seconds(software, [matrix(512, 512)]), 2);
    // Eight times the work, at the rate of the nearest size.
    assert.equal(pace.seconds(software, [matrix(1024, 1024)]), 16);
    const other = { ...software, adapter: "another" };
    assert.equal(pace.seconds(other, [matrix(512, 512)]), (4 * 512 ** 3) / 1.2e9);
  });

  it("learns what vectors take apart from values", () => {
    const pace = new Pace();
    assert.ok(pace.seconds(software, [matrix(512, 512, true)]) > pace.seconds(software, [matrix(512, 512)]));
    pace.note(software, batch(512, 1, true), 9);
    pace.note(software, batch(512), 2);
    assert.equal(pace.seconds(software, [matrix(512, 512, true), matrix(512, 512)]), 11);
  });

  it("does not take the rate of tiny matrices for that of large ones", () => {
    const pace = new Pace();
    pace.note(software, batch(16), 10);
    assert.equal(pace.seconds(software, [matrix(4096, 4096)]), (4 * 4096 ** 3) / 1.2e9);
    assert.equal(pace.seconds(software, [matrix(16, 16)]), 10);
  });

  it("follows a machine that changes", () => {
    const pace = new Pace();
    pace.note(software, batch(512), 200);
    for (let k = 0; k < 40; k++) pace.note(software, batch(512), 1);
    assert.ok(pace.seconds(software, [matrix(512, 512)]) < 10);
  });

  it("is kept in a file that may hold anything", () => {
    const pace = new Pace();
    pace.note(software, batch(512), 2);
    const kept = readMeasured(JSON.parse(JSON.stringify(pace.measured)));
    assert.deepEqual(kept, pace.measured);
    const later = new Pace();
    later.note({ ...software, adapter: "new" }, batch(64), 1);
    later.adopt(kept);
    assert.equal(later.seconds(software, [matrix(512, 512)]), 2);
    assert.equal(later.seconds({ ...software, adapter: "new" }, [matrix(64, 64)]), 1);
    for (const hostile of [null, 7, "x", { a: 1 }, { a: { 9: { operations: -1, seconds: 1 } } }, { a: { b: {} } }]) {
      assert.deepEqual(readMeasured(hostile), {});
    }
  });
});
