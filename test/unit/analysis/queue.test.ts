import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MatrixQueue } from "../../../server/analysis/queue.ts";
import { matrixView } from "../../support/analysis.ts";

const roomy = { count: 16, bytes: 1 << 30 };

function ids(queue: MatrixQueue, limits = roomy): string[] {
  return queue.take(limits).matrices.map(({ id }) => id);
}

describe("MatrixQueue", () => {
  it("takes equal shapes together, in file order", () => {
    const queue = new MatrixQueue();
    queue.add([matrixView("a", 4, 4), matrixView("b", 8, 4), matrixView("c", 4, 4), matrixView("d", 8, 4)]);
    assert.deepEqual(ids(queue), ["a", "c"]);
    assert.deepEqual(ids(queue), ["b", "d"]);
    assert.deepEqual(ids(queue), []);
  });

  it("keeps dtypes and orientations apart", () => {
    const queue = new MatrixQueue();
    queue.add([matrixView("a", 4, 8), matrixView("b", 8, 4), matrixView("c", 4, 8, "BF16"), matrixView("d", 4, 8)]);
    assert.deepEqual(ids(queue), ["a", "d"]);
    assert.deepEqual(ids(queue), ["b"]);
    assert.deepEqual(ids(queue), ["c"]);
  });

  it("begins with what is looked at, and fills the batch with its like", () => {
    const queue = new MatrixQueue();
    queue.add([matrixView("a", 4, 4), matrixView("b", 8, 4), matrixView("c", 4, 4), matrixView("d", 8, 4)]);
    queue.focus(["d", "absent", "d", "c"]);
    assert.equal(queue.hasFocused, true);
    assert.deepEqual(ids(queue), ["d", "b"]);
    assert.deepEqual(ids(queue), ["c", "a"]);
    assert.equal(queue.hasFocused, false);
  });

  it("remembers the focus for matrices that come later", () => {
    const queue = new MatrixQueue();
    queue.focus(["z"]);
    queue.add([matrixView("a", 4, 4), matrixView("z", 4, 4)]);
    assert.deepEqual(ids(queue, { count: 1, bytes: 1 << 30 }), ["z"]);
  });

  it("stays within the limits, but lets a matrix beyond them travel alone", () => {
    const queue = new MatrixQueue();
    queue.add(["a", "b", "c", "d", "e"].map((id) => matrixView(id, 4, 4)));
    assert.deepEqual(ids(queue, { count: 2, bytes: 1 << 30 }), ["a", "b"]);
    assert.deepEqual(ids(queue, { count: 16, bytes: 130 }), ["c", "d"]);
    assert.deepEqual(ids(queue, { count: 16, bytes: 1 }), ["e"]);
  });

  it("takes as many as one of several limits allows", () => {
    const queue = new MatrixQueue();
    const names = ["a", "b", "c", "d", "e"];
    queue.add(names.map((id) => matrixView(id, 4, 4)));
    queue.add(names.map((id) => matrixView(`${id} large`, 8, 8)));
    const limits = [
      { count: 2, bytes: 1 << 30 },
      { count: 4, bytes: 256 },
    ];
    const taken = Array.from({ length: 5 }, () => queue.take(...limits).matrices.length);
    assert.deepEqual(taken, [4, 1, 2, 2, 1]);
  });

  it("keeps those that wait for their vectors apart", () => {
    const queue = new MatrixQueue();
    const matrices = ["a", "b", "c"].map((id) => matrixView(id, 4, 4));
    queue.add(matrices);
    queue.add(matrices.slice(1, 2), true);
    // Asked for again without vectors it still waits for them.
    queue.add(matrices);
    assert.equal(queue.size, 3);
    assert.deepEqual(queue.take(roomy), { matrices: [matrices[0], matrices[2]], vectors: false });
    assert.deepEqual(queue.take(roomy), { matrices: [matrices[1]], vectors: true });
    assert.deepEqual(queue.take(roomy), { matrices: [], vectors: false });
  });

  it("takes back what was not computed, before the rest, and tells of it", () => {
    const queue = new MatrixQueue();
    let changes = 0;
    queue.add([matrixView("a", 4, 4), matrixView("b", 4, 4), matrixView("c", 4, 4)]);
    queue.onChange = () => changes++;
    const taken = queue.take({ count: 2, bytes: 1 << 30 });
    queue.add(taken.matrices.slice(0, 1), true);
    const before = changes;
    queue.putBack(taken);
    assert.ok(changes > before);
    assert.deepEqual(ids(queue), ["a"]);
    assert.deepEqual(ids(queue), ["b", "c"]);
    const between = changes;
    queue.focus(["c"]);
    assert.equal(changes, between + 1);
  });

  it("forgets what is deleted and what is cleared", () => {
    const queue = new MatrixQueue();
    queue.add([matrixView("a", 4, 4), matrixView("b", 4, 4)]);
    queue.delete("a");
    assert.equal(queue.size, 1);
    queue.clear();
    assert.deepEqual(ids(queue), []);
  });
});
