// The bundler turns this name into an import of every `*.test.ts` of this folder.
declare module "all-tests";
