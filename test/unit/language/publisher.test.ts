import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Diagnostic } from "vscode-languageserver";
import { Publisher, type Gather } from "../../../server/language/publisher.ts";

const diagnostic = (message: string): Diagnostic => ({
  range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
  message,
});

/** Gathers some messages, by URI, and calls back when it does. */
function gatherer(messages: Readonly<Record<string, readonly string[]>>, begun: () => void = () => undefined): Gather {
  return function* () {
    begun();
    yield;
    return new Map(Object.entries(messages).map(([uri, texts]) => [uri, texts.map(diagnostic)]));
  };
}

describe("Publisher", () => {
  it("pushes what changed, and clears what is gone", async () => {
    const sent: [string, Diagnostic["message"][]][] = [];
    let told = (): void => undefined;
    const publisher = new Publisher((uri, diagnostics) => {
      sent.push([uri, diagnostics.map(({ message }) => message)]);
      told();
    });
    const push = async (messages: Readonly<Record<string, readonly string[]>>, count: number): Promise<void> => {
      const enough = sent.length + count;
      await new Promise<void>((resolve) => {
        told = () => {
          if (sent.length === enough) resolve();
        };
        publisher.request(gatherer(messages));
      });
    };
    await push({ a: ["one"], b: ["two"] }, 2);
    // That of `a` is the same, and is not pushed again.
    await push({ a: ["one"], b: ["two", "three"] }, 1);
    await push({ a: ["one"] }, 1);
    assert.deepEqual(sent, [
      ["a", ["one"]],
      ["b", ["two"]],
      ["b", ["two", "three"]],
      ["b", []],
    ]);
  });

  it("gathers once for all that changed meanwhile, the last of it", async () => {
    const rounds: string[] = [];
    const sent: string[] = [];
    await new Promise<void>((resolve) => {
      const publisher = new Publisher((uri) => {
        sent.push(uri);
        if (sent.length === 2) resolve();
      });
      const first = gatherer({ first: ["x"] }, () => {
        rounds.push("first");
        for (const name of ["second", "third", "last"]) {
          publisher.request(gatherer({ first: ["x"], [name]: ["y"] }, () => rounds.push(name)));
        }
      });
      publisher.request(first);
    });
    assert.deepEqual(rounds, ["first", "last"]);
    assert.deepEqual(sent, ["first", "last"]);
  });
});
