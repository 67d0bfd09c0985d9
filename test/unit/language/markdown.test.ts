import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { escapeMarkdown } from "../../../server/language/markdown.ts";

describe("escapeMarkdown", () => {
  it("leaves no Markdown, no HTML and no hidden character active", () => {
    const hostile = [
      "[click](command:workbench.action.quit)",
      "<img src=x onerror=alert(1)>",
      "![x](https://example.org/x.png)",
      "`code` **bold** _it_ ~~no~~ | cell |",
      "# heading",
      "a\n\n- list",
      "https://example.org",
      "&lt;script&gt; $(icon)",
      "\u202Egnp.exe",
    ];
    for (const text of hostile) {
      const escaped = escapeMarkdown(text);
      assert.doesNotMatch(escaped, /[<>\n\u202E]/);
      assert.doesNotMatch(escaped, /(?<!\\)[[\]()`*_#|!:$~]/, escaped);
    }
  });

  it("keeps what a reader sees of an ordinary name", () => {
    assert.equal(escapeMarkdown("h.0.attn").replaceAll("\\", ""), "h.0.attn");
  });
});
