import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeXml, SvgContext } from "../../../media/charts/svg-context.ts";

const context = (): SvgContext => new SvgContext(100, 50, () => ({ width: 10 }) as TextMetrics, "t");

test("paths lie where the transformation puts them", () => {
  const drawing = context();
  drawing.translate(10, 20);
  drawing.scale(2, 2);
  drawing.strokeStyle = "#123456";
  drawing.lineWidth = 1.5;
  drawing.setLineDash([5, 3]);
  drawing.beginPath();
  drawing.moveTo(0, 0);
  drawing.lineTo(1, 2);
  drawing.stroke();
  assert.equal(
    drawing.content,
    '<path d="M10 20L12 24" fill="none" stroke="#123456" stroke-width="1.5" stroke-dasharray="5 3"/>',
  );
});

test("what was saved comes back, with its clip", () => {
  const drawing = context();
  drawing.save();
  drawing.beginPath();
  drawing.rect(0, 0, 10, 10);
  drawing.clip();
  drawing.fillStyle = "red";
  drawing.fillRect(1, 1, 2, 2);
  drawing.restore();
  drawing.fillRect(3, 3, 1, 1);
  const [inside, outside] = drawing.content.replace(/<defs>.*<\/defs>/, "").split("\n");
  assert.match(drawing.content, /<clipPath id="t-1"><path d="M0 0L10 0L10 10L0 10Z"\/><\/clipPath>/);
  assert.equal(inside, '<g clip-path="url(#t-1)"><path d="M1 1L3 1L3 3L1 3Z" fill="red"/></g>');
  assert.equal(outside, '<path d="M3 3L4 3L4 4L3 4Z" fill="#000"/>');
});

test("a circle returns to where it began", () => {
  const drawing = context();
  drawing.beginPath();
  drawing.arc(10, 10, 5, 0, 2 * Math.PI);
  drawing.fill();
  const path = /d="([^"]+)"/.exec(drawing.content)![1]!;
  assert.ok(path.startsWith("M15 10C"));
  assert.ok(path.endsWith(" 15 10"));
  // A quarter of the way it is lowest.
  assert.ok(path.includes(" 10 15C"));
});

test("text is placed by its baseline and anchor, and escaped", () => {
  const drawing = context();
  drawing.font = "bold 10px sans-serif";
  drawing.textAlign = "right";
  drawing.textBaseline = "middle";
  drawing.fillText(`<script>"&\u0000`, 4, 8);
  assert.equal(
    drawing.content,
    '<text x="4" y="11.5" font-size="10" font-weight="bold" text-anchor="end" fill="#000">&lt;script&gt;&quot;&amp;\u{FFFD}</text>',
  );
  assert.equal(escapeXml("a\uD800b"), "a\u{FFFD}b");
});
