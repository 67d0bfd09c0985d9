import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { equallySpaced, fileSpans } from "../../../server/svd/file-spans.ts";
import type { MatrixSource } from "../../../server/svd/measurement.ts";

const plenty = 1 << 30;

function matrix(begin: number, rows: number, columns: number, pitch = columns, path = "a"): MatrixSource {
  const end = begin + 2 * ((rows - 1) * pitch + columns);
  return { path, begin, end, dtype: "BF16", rows, columns, pitch };
}

function members(sources: readonly MatrixSource[], most = plenty): (readonly number[])[] {
  return fileSpans(sources, most).map((span) => span.members);
}

describe("fileSpans", () => {
  it("reads heads that are runs of columns together, whatever they take", () => {
    const heads = [0, 1, 2, 3].map((head) => matrix(10 + head * 2048, 4096, 1024, 4096));
    assert.deepEqual(fileSpans(heads, plenty), [{ path: "a", begin: 10, end: heads[3]!.end, members: [0, 1, 2, 3] }]);
  });

  it("reads small neighbours together", () => {
    const heads = [0, 1, 2].map((head) => matrix(head * 128 * 4096 * 2, 128, 4096));
    assert.deepEqual(members(heads), [[0, 1, 2]]);
  });

  it("reads large neighbours, those with something between them, and other files' each for itself", () => {
    const large = 2 * 2048 * 2048;
    assert.deepEqual(members([matrix(0, 2048, 2048), matrix(large, 2048, 2048)]), [[0], [1]]);
    assert.deepEqual(members([matrix(0, 10, 10), matrix(201, 10, 10)]), [[0], [1]]);
    assert.deepEqual(members([matrix(0, 10, 10), matrix(200, 10, 10, 10, "b")]), [[0], [1]]);
  });

  it("goes by the order in the files, and by what may be read at once", () => {
    assert.deepEqual(members([matrix(400, 10, 10), matrix(0, 10, 10), matrix(200, 10, 10)], 400), [[1, 2], [0]]);
  });
});

describe("equallySpaced", () => {
  const begins = (...places: number[]): MatrixSource[] => places.map((begin) => matrix(begin, 10, 10));

  it("groups what follows one another at one distance", () => {
    const sources = begins(0, 200, 400, 700, 1000, 1300, 1301);
    assert.deepEqual(equallySpaced([0, 1, 2, 3, 4, 5, 6], sources, 9), [
      { first: 0, count: 3, distance: 200 },
      { first: 3, count: 3, distance: 300 },
      { first: 6, count: 1, distance: 0 },
    ]);
  });

  it("groups no more than told, neighbours in the batch only, and of one pitch", () => {
    const sources = begins(0, 200, 400, 600);
    assert.deepEqual(equallySpaced([0, 1, 2, 3], sources, 2), [
      { first: 0, count: 2, distance: 200 },
      { first: 2, count: 2, distance: 200 },
    ]);
    assert.deepEqual(
      equallySpaced([2, 0, 1, 3], sources, 9).map(({ first, count }) => [first, count]),
      [
        [2, 1],
        [0, 2],
        [3, 1],
      ],
    );
    const apart = [matrix(0, 10, 10), matrix(200, 10, 10, 20), matrix(400, 10, 10, 20)];
    assert.deepEqual(
      equallySpaced([0, 1, 2], apart, 9).map(({ first, count }) => [first, count]),
      [
        [0, 1],
        [1, 2],
      ],
    );
  });
});
