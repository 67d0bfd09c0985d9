/** The page the extension host gives the webview: the policy, the style, the script, and an empty body they fill. */

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
}

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

/** HTML of the custom editor. */
export function editorHtml({ nonce, cspSource, scriptUri, styleUri, title }: EditorPage): string {
  const policy = [
    "default-src 'none'",
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src ${cspSource} data:`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escape(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escape(title)}</title>
    <link rel="stylesheet" href="${escape(styleUri)}" />
  </head>
  <body>
    <div id="editor"></div>
    <script nonce="${escape(nonce)}" src="${escape(scriptUri)}"></script>
  </body>
</html>
`;
}
