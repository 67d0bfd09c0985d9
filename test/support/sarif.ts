/**
 * Checks a log against the schema of SARIF 2.1.0 that OASIS publishes, and more strictly, as far as this project writes
 * it: the types, required and permitted properties of the standard's sections that are named here, and what its prose
 * demands beyond a schema. A property that is not listed is an error, even where the standard has it: whoever writes it
 * adds it here from the standard.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";

type Check = (value: unknown, path: string) => void;

export interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
      readonly address?: { readonly absoluteAddress: number; readonly length?: number };
    };
    readonly logicalLocations?: readonly { readonly name: string }[];
  }[];
  readonly partialFingerprints: { readonly primaryLocationLineHash: string };
}

export interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly [
    {
      readonly executionSuccessful: boolean;
      readonly toolExecutionNotifications: readonly { message: { text: string } }[];
    },
  ];
  readonly originalUriBaseIds: Readonly<Record<string, { readonly uri: string }>>;
  readonly artifacts: readonly { readonly location: { readonly uri: string }; readonly length: number }[];
  readonly results: readonly SarifResult[];
}

const matchesSchema = compiledSchema();

function compiledSchema(): ValidateFunction {
  const path = resolve("test/references/sarif-schema-2.1.0.json");
  const schema = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  // It names itself as an earlier draft of JSON Schema did; what it uses means the same in the later one.
  delete schema["$schema"];
  delete schema["id"];
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
}

/** The only run of a log that is as the standard demands. */
export function parseSarif(text: string): SarifRun {
  const value: unknown = JSON.parse(text);
  assert.ok(matchesSchema(value), JSON.stringify(matchesSchema.errors));
  log(value, "log");
  const [run] = (value as { readonly runs: readonly SarifRun[] }).runs;
  assert.ok(run !== undefined, "the log has a run");
  const { rules } = run.tool.driver;
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length, "§3.19.23: rules are different");
  for (const { ruleId, ruleIndex } of run.results) assert.equal(rules[ruleIndex]?.id, ruleId, "§3.27.6");
  const places = [
    ...run.artifacts.map(({ location }) => location),
    ...run.results.flatMap(({ locations }) => locations.map((each) => each.physicalLocation.artifactLocation)),
  ];
  for (const place of places as readonly { uri: string; uriBaseId?: string }[]) {
    // §3.4.4: relative to a base that the run has, or absolute.
    const base = place.uriBaseId === undefined ? undefined : run.originalUriBaseIds[place.uriBaseId]?.uri;
    assert.ok(new URL(place.uri, base).protocol === "file:", place.uri);
    if (place.uriBaseId !== undefined) assert.doesNotMatch(place.uri, /^(?:[a-z]+:|\/|\.\.)/i);
  }
  return run;
}

/** What a viewer shows of a plain-text message (§3.11.5, §3.11.6), which has no link in ours. */
export function shownMessage({ text }: { readonly text: string }): string {
  assert.doesNotMatch(text.replace(/\{\{|\}\}/g, ""), /[{}]/, "§3.11.5: braces are doubled");
  assert.doesNotMatch(text, /\[(?:\\.|[^[\]\\])*\]\(/, "§3.11.6: no embedded link");
  return text.replace(/\{\{|\}\}/g, (pair) => pair[0]!).replaceAll("\\](", "](");
}

const string: Check = (value, path) => {
  assert.equal(typeof value, "string", path);
};

const matching =
  (pattern: RegExp): Check =>
  (value, path) => {
    string(value, path);
    assert.match(value as string, pattern, path);
  };

const oneOf =
  (...choices: readonly unknown[]): Check =>
  (value, path) => {
    assert.ok(choices.includes(value), `${path} is ${JSON.stringify(value)}`);
  };

const integer =
  (least: number): Check =>
  (value, path) => {
    assert.ok(Number.isSafeInteger(value) && (value as number) >= least, `${path} is ${JSON.stringify(value)}`);
  };

const list =
  (item: Check, least = 0, unique = false): Check =>
  (value, path) => {
    assert.ok(Array.isArray(value) && value.length >= least, path);
    value.forEach((each: unknown, index) => {
      item(each, `${path}[${index}]`);
    });
    if (unique) assert.equal(new Set(value.map((each) => JSON.stringify(each))).size, value.length, path);
  };

const record =
  (item: Check): Check =>
  (value, path) => {
    assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), path);
    for (const [key, each] of Object.entries(value)) item(each, `${path}.${key}`);
  };

const object =
  (required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value, path) => {
    record(() => undefined)(value, path);
    const entries = new Map(Object.entries(value as Readonly<Record<string, unknown>>));
    for (const key of Object.keys(required)) assert.ok(entries.has(key), `${path} has no ${key}`);
    for (const [key, each] of entries) {
      const check = required[key] ?? optional[key];
      assert.ok(check !== undefined, `${path} has ${key}`);
      check(each, `${path}.${key}`);
    }
  };

// RFC 3986's characters, percent-encoded others.
const uriReference = matching(/^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/);
const message = object({ text: matching(/\S/) }); // §3.11
const multiformat = object({ text: matching(/\S/) }, { markdown: string }); // §3.12
const level = oneOf("none", "note", "warning", "error"); // §3.27.10
const artifactLocation = object({ uri: uriReference }, { uriBaseId: string }); // §3.4
const address = object({ absoluteAddress: integer(0) }, { length: integer(0), kind: string }); // §3.32
const physicalLocation = object({ artifactLocation }, { address }); // §3.29
const logicalLocation = object({ name: string, kind: string }); // §3.33
const location = object({ physicalLocation }, { logicalLocations: list(logicalLocation, 0, true) }); // §3.28
const rule = object({
  // §3.49
  id: matching(/^[a-z-]+$/),
  shortDescription: multiformat,
  fullDescription: multiformat,
  help: multiformat,
  defaultConfiguration: object({ level }), // §3.50
});
const driver = object({
  // §3.19
  name: matching(/\S/),
  version: string,
  semanticVersion: matching(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/),
  rules: list(rule, 0, true),
});
const result = object(
  // §3.27
  {
    ruleId: string,
    level,
    message,
    locations: list(location),
    partialFingerprints: record(string),
  },
  { ruleIndex: integer(0) },
);
const run = object({
  // §3.14
  tool: object({ driver }), // §3.18
  invocations: list(
    object({
      // §3.20
      executionSuccessful: oneOf(true, false),
      toolExecutionNotifications: list(object({ level, message })), // §3.58
    }),
  ),
  originalUriBaseIds: record(object({ uri: matching(/^file:\/\/\/.*\/$/) })), // §3.14.14
  artifacts: list(
    object({ location: artifactLocation, length: integer(0), roles: list(oneOf("analysisTarget"), 1, true) }),
    0,
    true,
  ), // §3.24
  results: list(result),
});
const log = object({
  $schema: matching(/^https:.*\/sarif-schema-2\.1\.0\.json$/),
  version: oneOf("2.1.0"),
  runs: list(run),
}); // §3.13
