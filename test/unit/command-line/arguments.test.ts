import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseArguments, UsageError } from "../../../server/command-line/arguments.ts";

describe("parseArguments", () => {
  it("takes paths and defaults", () => {
    assert.deepEqual(parseArguments(["a", "b"]), {
      paths: ["a", "b"],
      tensors: [],
      heads: false,
      vectors: false,
      draw: false,
      headersOnly: false,
      format: "text",
      output: null,
      failOn: "warning",
      adapter: "",
      cache: true,
    });
  });

  it("takes every option", () => {
    const argv =
      "m --tensor *.q --tensor *.k --heads --vectors --draw --headers-only --format sarif --output o --fail-on never --adapter x --no-cache";
    assert.deepEqual(parseArguments(argv.split(" ")), {
      paths: ["m"],
      tensors: ["*.q", "*.k"],
      heads: true,
      vectors: true,
      draw: true,
      headersOnly: true,
      format: "sarif",
      output: "o",
      failOn: "never",
      adapter: "x",
      cache: false,
    });
  });

  it("writes a page where the file is called one, unless told otherwise", () => {
    const formatOf = (argv: string): string => {
      const parsed = parseArguments(argv.split(" "));
      assert.ok(typeof parsed === "object");
      return parsed.format;
    };
    assert.equal(formatOf("m --output r.html"), "html");
    assert.equal(formatOf("m --output R.HTM"), "html");
    assert.equal(formatOf("m --output r.html --format json"), "json");
    assert.equal(formatOf("m --output html"), "text");
  });

  it("answers questions before it complains", () => {
    assert.equal(parseArguments(["--help"]), "help");
    assert.equal(parseArguments(["-h", "x"]), "help");
    assert.equal(parseArguments(["--version"]), "version");
  });

  it("says in one sentence what is wrong", () => {
    const table: [string[], RegExp][] = [
      [[], /^no checkpoint given/],
      [["m", "--format", "xml"], /^--format takes text, json, csv, sarif, html, not “xml”$/],
      [["m", "--fail-on", "always"], /^--fail-on takes error, warning, information, never, not “always”$/],
      [["m", "--speed"], /--speed/],
      [["m", "--output"], /--output/],
    ];
    for (const [argv, message] of table) {
      assert.throws(
        () => parseArguments(argv),
        (error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n"),
      );
    }
  });
});
