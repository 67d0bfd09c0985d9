// The bundler turns a shader into its text.
declare module "*.wgsl" {
  const source: string;
  export default source;
}
