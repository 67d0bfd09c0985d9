import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it, mock } from "node:test";
import { AnalysisStore, clearStores, storeKey } from "../../../server/analysis/store.ts";
import type { CheckpointFile } from "../../../server/checkpoint/checkpoint.ts";
import { thisProcess, type Owner } from "../../../server/analysis/owner.ts";
import { seededRandom } from "../../../server/statistics/random.ts";
import type { Scheme } from "../../../server/checkpoint/quantisation.ts";
import { analysisWith, matrixView } from "../../support/analysis.ts";
import { Killed, mortalDisk, smallDisk } from "../../support/faulty-disk.ts";

const file: CheckpointFile = {
  path: "model.safetensors",
  realPath: "model.safetensors",
  size: 100,
  modified: 1,
  version: "1",
  headerBytes: 8,
  metadata: {},
};

const silent = { onRecord: () => undefined };

describe("AnalysisStore", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "store-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function keysIn(of: CheckpointFile): Promise<string[]> {
    const keys: string[] = [];
    const store = await AnalysisStore.open(folder, of, { onRecord: (key) => keys.push(key) });
    await store.close();
    return keys;
  }

  it("gives back what was put, now and after it is opened again", async () => {
    const analysis = analysisWith([3.25, 1e-200, 0]);
    const first = await AnalysisStore.open(folder, file, {
      onRecord: () => assert.fail("nothing is known yet"),
    });
    first.put("a", analysis);
    assert.deepEqual(await first.get("a"), analysis);
    assert.equal(await first.get("b"), null);
    await first.close();

    const found: unknown[] = [];
    const second = await AnalysisStore.open(folder, file, { onRecord: (key, found_) => found.push([key, found_]) });
    assert.deepEqual(found, [["a", analysis]]);
    assert.deepEqual(await second.get("a"), analysis);
    await second.close();
  });

  it("reads spectra back from disk when they are no longer at hand", async () => {
    const store = await AnalysisStore.open(folder, { ...file, realPath: "many" }, silent);
    for (let i = 0; i < 200; i++) {
      store.put(`k${i}`, analysisWith([i]));
    }
    for (const i of [0, 100, 199]) {
      assert.deepEqual((await store.get(`k${i}`))?.measurement.singularValues, Float64Array.of(i));
    }
    await store.close();
  });

  it("starts anew when the file has changed", async () => {
    const path = { ...file, realPath: "changing" };
    const store = await AnalysisStore.open(folder, path, silent);
    store.put("a", analysisWith([1]));
    await store.close();
    assert.deepEqual(await keysIn(path), ["a"]);
    assert.deepEqual(await keysIn({ ...path, modified: 2 }), []);
  });

  it("starts anew when the contents have changed and size and time have not", async () => {
    const realPath = join(await mkdtemp(join(tmpdir(), "contents-")), "normalised.safetensors");
    const path = { ...file, realPath };
    await writeFile(realPath, Buffer.alloc(100_000, 1));
    const store = await AnalysisStore.open(folder, path, silent);
    store.put("a", analysisWith([1]));
    await store.close();
    assert.deepEqual(await keysIn(path), ["a"]);
    await writeFile(realPath, Buffer.alloc(100_000, 2));
    assert.deepEqual(await keysIn(path), []);
    await rm(dirname(realPath), { recursive: true });
  });

  it("passes over a record that was cut off, and keeps what another process wrote after it", async () => {
    const path = { ...file, realPath: "cut off" };
    const store = await AnalysisStore.open(folder, path, silent);
    for (const key of ["a", "b"]) {
      store.put(key, analysisWith([1]));
      await store.claim([], false);
    }
    await store.close();
    const name = await storeFileOf("cut off");
    const bytes = await readFile(name);
    for (const length of [bytes.length - 2, bytes.length - 200, bytes.indexOf("\n", 20) + 10]) {
      await writeFile(name, bytes.subarray(0, length));
      const notices: string[] = [];
      const again = await AnalysisStore.open(folder, path, {
        ...silent,
        onNotice: (_, message) => notices.push(message),
      });
      again.put("c", analysisWith([3]));
      await again.close();
      assert.deepEqual((await keysIn(path)).at(-1), "c");
      assert.deepEqual(notices, [], "a process that was killed is no damage");
    }
  });

  it("sets a damaged store aside with a note, and goes on with what is good of it", async () => {
    const path = { ...file, realPath: "damaged" };
    const store = await AnalysisStore.open(folder, path, silent);
    for (const key of ["a", "b", "c"]) store.put(key, analysisWith([1]));
    await store.close();
    const name = await storeFileOf("damaged");
    const damaged = (await readFile(name, "utf8")).replace('"key":"b"', '"key":"x"');
    await writeFile(name, damaged);
    const notices: string[] = [];
    const keys: string[] = [];
    const again = await AnalysisStore.open(folder, path, {
      onRecord: (key) => keys.push(key),
      onNotice: (notice, message) => notices.push(`${notice}: ${message}`),
    });
    assert.deepEqual([...new Set(keys)], ["a", "c"]);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /^damaged: The cached results of damaged were damaged; .* set aside as .*\.damaged,/u);
    assert.deepEqual((await again.get("c"))?.measurement.singularValues, Float64Array.of(1));
    assert.equal(await again.get("x"), null);
    await again.close();
    assert.equal(await readFile(`${name}.damaged`, "utf8"), damaged);
    assert.deepEqual(await keysIn(path), ["a", "c"]);

    // Nothing can be said of one whose first line is gone.
    await writeFile(name, Buffer.alloc(5000));
    assert.deepEqual(await keysIn(path), []);
    assert.deepEqual(await readFile(`${name}.damaged`), Buffer.alloc(5000));
  });

  it("loses nothing that was on the disk, whenever its process is killed", async () => {
    const random = seededRandom(61);
    const realPath = "killed";
    const path = { ...file, realPath };
    let longest = 0;
    for (let last = 1; last <= longest + 1; last++) {
      await clearStores(folder);
      // Every other time there is a damaged store to begin with.
      const first = await AnalysisStore.open(folder, path, silent);
      first.put("before", analysisWith([1]));
      first.put("spoilt", analysisWith([1]));
      await first.close();
      const name = await storeFileOf(realPath);
      if (last % 2 === 0) await writeFile(name, (await readFile(name, "utf8")).replace('"key":"sp', '"key":"xx'));

      const mortal = mortalDisk(last, random.uniform());
      const kept: string[] = [];
      try {
        const store = await AnalysisStore.open(folder, path, silent, { disk: mortal.disk });
        for (const key of ["a", "b", "c", "d"]) {
          await store.claim([key], false);
          store.put(key, analysisWith([2]));
          await store.follow();
          if (mortal.operations() < last) kept.push(key);
        }
        await store.close();
      } catch (error) {
        assert.ok(error instanceof Killed, String(error));
      }
      await mortal.bury();
      longest = Math.max(longest, Math.min(mortal.operations(), 40));
      const values = new Map<string, number>();
      const notices: string[] = [];
      const after = await AnalysisStore.open(folder, path, {
        onRecord: (key, { measurement }) => values.set(key, measurement.singularValues[0]!),
        onNotice: (_, message) => notices.push(message),
      });
      assert.equal(values.get("before"), 1, `killed in operation ${last}`);
      for (const key of kept) assert.equal(values.get(key), 2, `${key}, killed in operation ${last}`);
      for (const [key, value] of values) assert.equal(value, key === "before" || key === "spoilt" ? 1 : 2);
      // The dead process computes nothing any more.
      after.put("e", analysisWith([5]));
      await after.close();
      assert.equal((await keysIn(path)).at(-1), "e");
      const drafts = (await readdir(folder)).filter((each) => each.endsWith(".new"));
      assert.ok(drafts.length <= 1, drafts.join());
    }
    assert.ok(longest > 10, `${longest} operations`);
  });

  it("says once that the disk is full, goes on, and keeps everything when there is room again", async () => {
    const path = { ...file, realPath: "full" };
    const room = { bytes: 5000 };
    const notices: string[] = [];
    const store = await AnalysisStore.open(
      folder,
      path,
      { ...silent, onNotice: (notice, message) => notices.push(`${notice}: ${message}`) },
      { disk: smallDisk(room) },
    );
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    for (const [index, key] of keys.entries()) {
      assert.deepEqual([...(await store.claim([key], false))], [key]);
      store.put(key, analysisWith([index]));
    }
    for (const [index, key] of keys.entries()) {
      assert.deepEqual((await store.get(key))?.measurement.singularValues, Float64Array.of(index), key);
    }
    assert.deepEqual(
      [...new Set(notices)],
      [
        "not-kept: Results of model.safetensors cannot be kept on disk: no space is left on the disk; the analysis goes on, and they are kept as soon as they can be.",
      ],
    );
    // Whoever opens it now finds what was written whole.
    const found = await keysIn(path);
    assert.ok(found.length < 100);
    assert.deepEqual(found, keys.slice(0, found.length));
    room.bytes = Infinity;
    store.put("last", analysisWith([1]));
    await store.close();
    assert.deepEqual((await keysIn(path)).sort(), [...keys, "last"].sort());
  });

  it("says in one sentence where not even a new store can be written", async () => {
    const open = AnalysisStore.open(folder, { ...file, realPath: "no room" }, silent, {
      disk: smallDisk({ bytes: 10 }),
    });
    await assert.rejects(open, /ENOSPC/u);
    assert.equal((await readdir(folder)).filter((name) => name.endsWith(".new")).length, 0);
    const memory = AnalysisStore.inMemory(file);
    memory.put("a", analysisWith([1]));
    assert.deepEqual([...(await memory.claim(["b"], false))], ["b"]);
    assert.deepEqual((await memory.get("a"))?.measurement.singularValues, Float64Array.of(1));
    await memory.close();
  });

  it("leaves to another window what that computes, and takes over its results", async () => {
    const path = { ...file, realPath: "two windows" };
    const seen: string[] = [];
    const one = await AnalysisStore.open(folder, path, silent, { owner: owner("one") });
    const two = await AnalysisStore.open(folder, path, { onRecord: (key) => seen.push(key) }, { owner: owner("two") });
    const [first, second] = await Promise.all([one.claim(["a", "b", "c"], false), two.claim(["b", "c", "d"], false)]);
    assert.deepEqual([...first, ...second].sort(), ["a", "b", "c", "d"], "each once");
    const taken = ["b", "c"].filter((key) => first.has(key));
    for (const key of taken) one.put(key, analysisWith([1]));
    await one.follow();
    await two.follow();
    assert.deepEqual(seen, taken);
    for (const key of taken) assert.equal(two.isElsewhere(key, false), false);

    // What one gives up, and what nobody claims with vectors, the other may have.
    one.release(["a"], false);
    await one.follow();
    assert.deepEqual([...(await two.claim(["a"], false))], ["a"]);
    await one.follow();
    assert.equal(one.isElsewhere("a", false), true);
    assert.equal(one.isElsewhere("a", true), false);
    await two.close();
    await one.follow();
    assert.equal(one.isElsewhere("a", false), false, "a window that closes gives everything up");
    await one.close();
  });

  it("takes over what a process had claimed that is gone, or that says nothing any more", async () => {
    const path = { ...file, realPath: "dead" };
    const [gone] = await deadProcess();
    for (const dead of [
      { ...owner("gone"), pid: gone },
      // Its id belongs to another process by now, or it runs on another machine.
      { ...owner("recycled"), heard: -100_000 },
      { ...owner("remote"), host: "elsewhere.example", heard: -100_000 },
    ]) {
      const heard = "heard" in dead ? dead.heard : 0;
      mock.timers.enable({ apis: ["Date"], now: Date.now() + heard });
      const first = await AnalysisStore.open(folder, path, silent, { owner: dead });
      assert.deepEqual([...(await first.claim(["a"], false))], ["a"]);
      mock.timers.reset();
      const second = await AnalysisStore.open(folder, path, silent, { owner: owner("heir") });
      assert.deepEqual([...(await second.claim(["a"], false))], ["a"], dead.id);
      await second.close();
      await first.close();
    }
    const remote = await AnalysisStore.open(folder, path, silent, {
      owner: { ...owner("remote"), host: "elsewhere.example" },
    });
    await remote.claim(["a"], false);
    const here = await AnalysisStore.open(folder, path, silent, { owner: owner("here") });
    assert.equal((await here.claim(["a"], false)).size, 0, "a process of another machine that has just said so");
    await here.close();
    await remote.close();
  });

  it("goes over to the store that another window has put in its place", async () => {
    const path = { ...file, realPath: "replaced" };
    const first = await AnalysisStore.open(folder, path, silent);
    first.put("a", analysisWith([1]));
    first.put("b", analysisWith([2]));
    await first.follow();
    const name = await storeFileOf("replaced");
    await writeFile(name, (await readFile(name, "utf8")).replace('"key":"a"', '"key":"x"'));
    const second = await AnalysisStore.open(folder, path, silent, { owner: owner("second") });
    first.put("c", analysisWith([3]));
    await first.follow();
    second.put("d", analysisWith([4]));
    await second.follow();
    await first.follow();
    for (const [key, value] of Object.entries({ b: 2, c: 3, d: 4 })) {
      assert.deepEqual((await first.get(key))?.measurement.singularValues, Float64Array.of(value), key);
      assert.deepEqual((await second.get(key))?.measurement.singularValues, Float64Array.of(value), key);
    }
    await second.close();
    await first.close();
  });

  it("finds its records when another window wrote at the same time", async () => {
    const path = { ...file, realPath: "shared" };
    const one = await AnalysisStore.open(folder, path, silent);
    const two = await AnalysisStore.open(folder, path, silent);
    for (let i = 0; i < 100; i++) {
      one.put(`one ${i}`, analysisWith([i]));
      two.put(`two ${i}`, analysisWith([-i]));
    }
    for (let i = 0; i < 100; i++) {
      assert.deepEqual((await one.get(`one ${i}`))?.measurement.singularValues, Float64Array.of(i));
      assert.deepEqual((await two.get(`two ${i}`))?.measurement.singularValues, Float64Array.of(-i));
    }
    await one.close();
    await two.close();
    assert.equal((await keysIn(path)).length, 200);
  });

  it("is cleared from disk", async () => {
    assert.ok((await clearStores(folder)) > 0);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await clearStores(join(folder, "absent")), 0);
  });

  async function storeFileOf(realPath: string): Promise<string> {
    for (const name of await readdir(folder)) {
      if ((await readFile(join(folder, name), "utf8")).includes(JSON.stringify(realPath))) {
        return join(folder, name);
      }
    }
    return assert.fail(`no store of ${realPath}`);
  }
});

describe("storeKey", () => {
  it("tells matrices of one file apart by place, dtype and shape", () => {
    const keys = [
      matrixView("a", 4, 4),
      matrixView("a", 4, 4, "F32", 64),
      matrixView("a", 2, 8),
      matrixView("a", 4, 4, "I32"),
    ].map((view) => storeKey(view, []));
    assert.equal(new Set(keys).size, 4);
  });

  it("tells what a quantised weight is made of, and the state of another file that has a piece of it", () => {
    const plain = matrixView("a", 4, 4, "F8_E4M3");
    const codes = { file: 0, begin: 0, end: 16, format: "F8_E4M3" } as const;
    const scales = { file: 1, begin: 8, end: 12, format: "F32" } as const;
    const scheme: Scheme = {
      kind: "blocks",
      pitch: 4,
      offset: 0,
      blockRows: 4,
      blockColumns: 4,
      scalePitch: 1,
      zeroRows: 1,
      factorUse: "multiply",
      constant: 1,
    };
    const window = { row: 0, rowStep: 1, column: 0 };
    const quantisation = { scheme, pieces: { codes, scales }, window };
    const file = (modified: number): CheckpointFile => ({
      ...{ path: "/b", realPath: "/b", size: 99, modified, version: "", headerBytes: 8, metadata: {} },
    });
    const keys = [
      storeKey(plain, [file(0), file(1)]),
      storeKey({ ...plain, quantisation }, [file(0), file(1)]),
      storeKey({ ...plain, quantisation }, [file(0), file(2)]),
      storeKey({ ...plain, quantisation: { ...quantisation, scheme: { ...scheme, constant: 2 } } }, [file(0), file(1)]),
      storeKey({ ...plain, quantisation: { ...quantisation, window: { ...window, row: 1 } } }, [file(0), file(1)]),
      storeKey({ ...plain, quantisation: { ...quantisation, pieces: { codes, scales: { ...scales, begin: 4 } } } }, [
        file(0),
        file(1),
      ]),
    ];
    assert.equal(new Set(keys).size, keys.length);
    // The file of the weight itself is the store's.
    assert.equal(keys[1], storeKey({ ...plain, quantisation }, [file(7), file(1)]));
  });
});

/** Another window of this machine. */
function owner(id: string): Owner {
  return { ...thisProcess, id };
}

/** The id of a process that has ended. */
async function deadProcess(): Promise<[number]> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return [child.pid!];
}
