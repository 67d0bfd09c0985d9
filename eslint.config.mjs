// @ts-check
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".gpu/", ".vscode-test/", ".cache/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["client", "server", "media", "test", "scripts"].map((part) => `${part}/tsconfig.json`),
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers in messages are the product; everything else stays strict.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `!` after a bounds-checked index is how numeric code reads under noUncheckedIndexedAccess.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    // The dependency rules of docs/architecture.md: what a folder must not know.
    files: ["server/**/*.ts", "media/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { paths: ["vscode"] }] },
  },
  {
    files: ["server/statistics/**/*.ts", "server/spectrum/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: ["vscode", "webgpu"], patterns: ["**/gpu/*", "node:*", "**/analysis/*"] },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // node:test's describe and it return promises that the runner awaits itself.
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: ["test", "it", "describe", "before", "after"] },
      ],
    },
  },
);
