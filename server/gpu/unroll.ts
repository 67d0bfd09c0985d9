/**
 * WGSL in which every loop `for (var k = 0u; k < LIMIT; k++) { … }` over a named constant is written out, `count` times
 * with k a constant: compilers leave loops over workgroup memory as they are, with bounds checks in each round.
 */
export function unroll(source: string, limit: string, count: number): string {
  const loop = new RegExp(`^( *)for \\(var (\\w+) = 0u; \\2 < ${limit}; \\2\\+\\+\\) \\{\\n([^]*?)^\\1\\}\\n`, "gm");
  return source.replace(loop, (_, indent: string, index: string, body: string) =>
    Array.from({ length: count }, (_, i) => `${indent}{\n${indent}  const ${index} = ${i}u;\n${body}${indent}}\n`).join(
      "",
    ),
  );
}
