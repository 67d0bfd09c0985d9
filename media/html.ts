/** The page the extension host gives the webview: policy, style, script, texts, and an empty body they fill. */
import type { Texts } from "../server/text/l10n.ts";

export interface EditorPage {
  /** Random for each page: only the script that carries it runs. */
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** `webview.asWebviewUri` of dist/media/editor.js. */
  readonly scriptUri: string;
  /** `webview.asWebviewUri` of dist/media/editor.css. */
  readonly styleUri: string;
  /** The document's title; may hold any text, such as a file's name. */
  readonly title: string;
  /** What the page speaks (BCP 47), and its texts; without them it speaks English. */
  readonly language: string;
  readonly texts: Texts | undefined;
}

/** The element that holds the texts, as JSON: data, which the policy lets stand in the page. */
export const textsId = "texts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** In a script nothing is unescaped: only the beginning of a tag could end it. */
function textsElement(texts: Texts): string {
  return `    <script type="application/json" id="${textsId}">${JSON.stringify(texts).replaceAll("<", "\\u003c")}</script>\n`;
}

/** HTML of the custom editor. */
export function editorHtml({ nonce, cspSource, scriptUri, styleUri, title, language, texts }: EditorPage): string {
  const policy = [
    "default-src 'none'",
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="${escape(texts === undefined ? "en" : language)}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escape(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escape(title)}</title>
    <link rel="stylesheet" href="${escape(styleUri)}" />
  </head>
  <body>
    <div id="editor"></div>
${texts === undefined ? "" : textsElement(texts)}    <script nonce="${escape(nonce)}" src="${escape(scriptUri)}"></script>
  </body>
</html>
`;
}
