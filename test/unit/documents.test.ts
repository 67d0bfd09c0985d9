/** What the documents say is there, is there: files, tests, sections, commands and their options. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { parseArguments } from "../../server/command-line/arguments.ts";

const documents = ["README.md", "CHANGELOG.md", ...readdirSync("docs").map((name) => join("docs", name))]
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, text: readFileSync(name, "utf8") }));
/** Folders whose files a document names from the project's root. */
const folders = "client|docs|l10n|media|samples|scripts|server|shaders|test";

function found(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), (match) => match[1]!);
}

/** The places that a document can be entered at: its headings, as GitHub names them, and its anchors. */
function places(text: string): ReadonlySet<string> {
  const headings = found(text, /^#+ (.+)$/gmu).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...found(text, /<a id="([^"]+)">/gu)]);
}

describe("the documents", () => {
  for (const { name, text } of documents) {
    it(`name files that exist: ${name}`, () => {
      const paths = found(text, new RegExp(`\`((?:${folders})/[^\`*{}$ ]+)\``, "gu"));
      assert.deepEqual(
        paths.filter((path) => !existsSync(path)),
        [],
      );
    });

    it(`lead to places that exist: ${name}`, () => {
      const links = found(text, /\]\(((?!https?:)[^)\s]+)\)/gu);
      const broken = links.filter((link) => {
        const [path = "", anchor] = link.split("#", 2);
        const target = path === "" ? name : join(dirname(name), path);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !places(readFileSync(target, "utf8")).has(anchor);
      });
      assert.deepEqual(broken, []);
    });

    it(`name commands that exist: ${name}`, () => {
      const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
      const commands = found(text, /npm run (?:-s )?([a-z][a-z0-9:-]*)/gu);
      assert.deepEqual(
        commands.filter((command) => scripts[command] === undefined),
        [],
      );
    });
  }

  it("show command lines that are understood", () => {
    const lines = documents.flatMap(({ text }) => {
      // A line of YAML that is folded goes on where it is indented as deep.
      const unfolded = text.replaceAll(/>\n( +)(\S.*)\n\1(\S.*)/gu, "> $2 $3");
      return found(unfolded, /(?:npm run (?:-s )?analyze --|server\/cli\.mjs) +([^\n`]*)/gu);
    });
    assert.ok(lines.length >= 3, "there are some");
    for (const line of lines) {
      const [command = ""] = line.split(/ [|>#] /u);
      const words = found(command, /('[^']*'|"[^"]*"|[^\s'"]+)/gu).map((word) => word.replace(/^(['"])(.*)\1$/u, "$2"));
      // What comes of a schematic line is a path like any other.
      const parsed = parseArguments([...words.filter((word) => !/^\[|\]$|…/u.test(word)), "model.safetensors"]);
      assert.equal(typeof parsed, "object", line);
    }
  });

  it("name a test for every promise of reliability", () => {
    const { text } = documents.find(
      ({ name }) => name === "docs/reliability.md" || name === join("docs", "reliability.md"),
    )!;
    let table: readonly string[] | null = null;
    let rows = 0;
    for (const line of text.split("\n")) {
      const cells = line.startsWith("|") ? line.split("|").slice(1, -1) : null;
      if (cells === null) table = null;
      else if (table === null) table = cells.map((cell) => cell.trim());
      else if (table.at(-1) === "Test" && !/^[\s:|-]+$/u.test(line)) {
        rows += 1;
        assert.match(cells.at(-1)!, /`test\/.+\.test\.ts`|the same/u, line);
      }
    }
    assert.ok(rows >= 20, `${rows} promises`);
  });
});
