/** Damages headers the way broken writers, broken disks and attackers do. Everything follows from the random numbers. */
import { readFile } from "node:fs/promises";
import type { SeededRandom } from "../../server/statistics/random.ts";

/** A file in memory: its header as one character a byte, what its first 8 bytes say of it, and the bytes behind it. */
export interface HeaderCase {
  readonly json: string;
  readonly length: bigint;
  readonly dataBytes: number;
}

/** The headers of real files, cut into small ones that are valid: a mutation has to hit something. */
export async function smallHeaders(paths: readonly string[], tensors = 4): Promise<HeaderCase[]> {
  const cases: HeaderCase[] = [];
  for (const path of paths) {
    const bytes = await readFile(path);
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, end)) as Record<string, { data_offsets: [number, number] }>;
    const { __metadata__: metadata, ...rest } = header;
    const entries = Object.entries(rest).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
    for (let i = 0; i < entries.length; i += tensors) {
      const some = entries.slice(i, i + tensors);
      const first = some[0]![1].data_offsets[0];
      const moved = some.map(([name, entry]) => {
        const offsets = entry.data_offsets.map((offset) => offset - first);
        return [name, { ...entry, data_offsets: offsets }] as const;
      });
      const named = metadata === undefined || i > 0 ? moved : [["__metadata__", metadata] as const, ...moved];
      const json = JSON.stringify(Object.fromEntries(named));
      const dataBytes = some.at(-1)![1].data_offsets[1] - first;
      cases.push({ json, length: BigInt(json.length), dataBytes });
    }
  }
  return cases;
}

const tokens = [
  ...['"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "\\ud800", "\0", "\n", "\x80", "\xff", "\xc3\xa4", " "],
  ...["null", "true", "NaN", "1.0", "1e3", "1e400", "-1", "-0", "00", "9007199254740993", "18446744073709551615"],
  ...[
    '"__proto__"',
    '"__metadata__":{}',
    '"dtype":"F32"',
    '"shape":[]',
    '"data_offsets":[0,0]',
    '"F4"',
    '"constructor"',
  ],
  ...[
    "{}",
    "[[[[[[[[",
    '{"a":',
    '"dtype"',
    '"shape"',
    '"data_offsets"',
    "4294967296",
    "[0]",
    "[1,1]",
    '"BF16"',
    '"F64"',
  ],
];

const lengths = [0n, 1n, 7n, 100_000_000n, 100_000_001n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** One to four mutations of one of the cases. */
export function mutate(cases: readonly HeaderCase[], random: SeededRandom): HeaderCase {
  const below = (n: number): number => Math.floor(random.uniform() * n);
  const any = <T>(list: readonly T[]): T => list[below(list.length)]!;
  let { json, dataBytes } = any(cases);
  let length: bigint | null = null;
  for (let rest = 1 + below(4); rest > 0; rest--) {
    const at = below(json.length + 1);
    const to = Math.min(json.length, at + below(random.uniform() < 0.8 ? 12 : json.length));
    switch (below(11)) {
      case 0:
        json = json.slice(0, at) + String.fromCharCode(below(256)) + json.slice(at + 1);
        break;
      case 1:
        json = json.slice(0, at) + any(tokens) + json.slice(at);
        break;
      case 2:
        json = json.slice(0, at) + json.slice(to);
        break;
      case 3:
        json = json.slice(0, to) + json.slice(at);
        break;
      case 4:
        json = replaceNumber(json, at, (value) =>
          String(any([value + 1, value - 1, 2 * value, 0, -value, value * 2 ** 40])),
        );
        break;
      case 5:
        json = replaceNumber(json, at, () => any(tokens));
        break;
      case 6:
        json = json.slice(0, at) + any(cases).json.slice(at);
        break;
      case 7:
        dataBytes = any([dataBytes + 1, Math.max(0, dataBytes - 1), 0, 2 * dataBytes, below(1 << 24)]);
        break;
      case 8:
        length = random.uniform() < 0.5 ? any(lengths) : BigInt(below(2 * json.length));
        break;
      case 9:
        // A key or a value of another place.
        json = json.slice(0, at) + json.slice(to).replace(/"[^"]*"/, any(tokens));
        break;
      default:
        // A second entry of the same name, or a comma too many.
        json = json.replace(/^\{/, `{"${String.fromCharCode(97 + below(26))}":${any(tokens)},`);
    }
  }
  return { json, length: length ?? BigInt(json.length), dataBytes };
}

/** Replaces the number that stands at a place or behind it. */
function replaceNumber(json: string, at: number, by: (value: number) => string): string {
  const found = /[0-9]+/g;
  found.lastIndex = at;
  const match = found.exec(json);
  if (match === null) return json;
  return json.slice(0, match.index) + by(Number(match[0])) + json.slice(match.index + match[0].length);
}
