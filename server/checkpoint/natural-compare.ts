/** Orders text as people number things: `layers.2` before `layers.10`. Code units otherwise; total and locale-free. */
export function naturalCompare(a: string, b: string): number {
  const left = a.match(runs) ?? [];
  const right = b.match(runs) ?? [];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = compareRuns(left[i]!, right[i]!);
    if (difference !== 0) return difference;
  }
  return left.length - right.length || compareText(a, b);
}

const runs = /[0-9]+|[^0-9]+/g;

function compareRuns(a: string, b: string): number {
  if (!isDigit(a) || !isDigit(b)) return compareText(a, b);
  const left = a.replace(/^0+(?=[0-9])/, "");
  const right = b.replace(/^0+(?=[0-9])/, "");
  return left.length - right.length || compareText(left, right);
}

function isDigit(run: string): boolean {
  return run >= "0" && run < ":";
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
