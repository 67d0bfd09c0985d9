/** Anything that is taken down; wider than the class `vscode.Disposable`, which its own emitters and items are not. */
export interface Disposable {
  dispose(): unknown;
}

export function disposeAll(disposables: readonly Disposable[]): void {
  for (const disposable of disposables) disposable.dispose();
}
