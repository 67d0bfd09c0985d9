// @ts-check
"use strict";
const vscode = require("vscode");

exports.activate = async () => {
  const file = process.env["SPECTRUM_OPEN"];
  if (file !== undefined)
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(file), { preview: false });
};
