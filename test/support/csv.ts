import assert from "node:assert/strict";

/** The records of a text of comma-separated values, read as RFC 4180 has it. Fails on anything else. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
    field.lastIndex = at;
    const [whole, quoted, plain, end] = field.exec(text) ?? [];
    assert.ok(whole !== undefined, `no field at ${at}: ${text.slice(at, at + 40)}`);
    record.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    at += whole.length;
    if (end !== ",") {
      records.push(record);
      record = [];
    }
  }
  assert.deepEqual(record, [], "the text ends with a line break");
  for (const { length } of records) assert.equal(length, records[0]!.length);
  return records;
}
