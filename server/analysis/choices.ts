/** What a person decided about analysing a checkpoint: at once whenever it is opened, or when they ask for it. */
export type Choice = "analyse" | "wait";

/** By the checkpoint's path, the oldest first. */
export type Choices = Readonly<Record<string, Choice>>;

/** So many checkpoints are remembered. */
const most = 500;

/** Choices with that of one checkpoint. */
export function choose(choices: Choices, path: string, choice: Choice): Choices {
  const others = Object.entries(choices).filter(([each]) => each !== path);
  return Object.fromEntries([...others, [path, choice] as const].slice(-most));
}

/** Choices out of a file that may hold anything. */
export function readChoices(value: unknown): Choices {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, Choice] => entry[1] === "analyse" || entry[1] === "wait"),
  );
}
