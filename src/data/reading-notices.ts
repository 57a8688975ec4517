import { badRowsText } from "./bad-rows.js";
import { countLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { lookalikes } from "./labels.js";
import { place, quoted } from "./table.js";

/** What a user should know of how a source was read: rows left out, labels spelled in other ways, labels that look alike. */
export function readingNotices(dataset: Dataset, listedIn?: string): string[] {
  const { source, reading } = dataset;
  const notices: string[] = [];
  if (reading && reading.bad.count > 0) {
    const { bad, rows } = reading;
    const where = listedIn === undefined ? "" : `; ${listedIn} lists them`;
    notices.push(`Left out ${bad.count} of ${rows} rows of ${source}: ${badRowsText(bad)}${where}.`);
  }
  if (reading && reading.spellings.size > 0) notices.push(spellingsText(reading.spellings));
  return [...notices, ...singleNotices(dataset), ...alikeNotices(dataset)];
}

function spellingsText(changed: ReadonlyMap<string, string>): string {
  const found = new Map<string, string[]>();
  for (const [from, to] of changed) found.set(to, [...(found.get(to) ?? []), from]);
  const told = [...found]
    .slice(0, 5)
    .map(([to, from]) => `${from.map(quoted).join(" and ")} as ${quoted(to)}`);
  return `Labels are spelled in one way: ${told.join(", ")}${found.size > told.length ? " and so on" : ""}.`;
}

function singleNotices({ source, examples, labels }: Dataset): string[] {
  const counts = countLabels(examples, labels);
  const single = new Set(labels.filter((_, labelId) => counts[labelId] === 1));
  if (single.size === 0) return [];
  const told: string[] = [];
  for (const example of examples) {
    if (told.length === 5) break;
    for (const label of example.labels)
      if (single.has(label)) told.push(`${quoted(label)} (${place(example.row, example.line)})`);
  }
  const more = single.size > told.length ? ` and ${single.size - told.length} more` : "";
  const [what, has] = single.size === 1 ? ["The label", "has"] : ["The labels", "have"];
  return [
    `${what} ${told.join(", ")}${more} ${has} only one row in ${source}: too few to learn from and to test.`,
  ];
}

function alikeNotices({ source, examples, labels }: Dataset): string[] {
  const groups = lookalikes(labels);
  if (groups.length === 0) return [];
  const counts = countLabels(examples, labels);
  const countOf = (label: string) => counts[labels.indexOf(label)]!;
  const told = groups
    .slice(0, 5)
    .map((group) =>
      group.map((label) => `${JSON.stringify(label)} (${rowCount(countOf(label))})`).join(" and "),
    );
  const more = groups.length > told.length ? `, and ${groups.length - told.length} more such groups` : "";
  return [
    `${source} has labels that differ only by case or spaces: ${told.join("; ")}${more}. ` +
      "They are different labels here; if they are one, correct the file.",
  ];
}

const rowCount = (count: number): string => `${count} ${count === 1 ? "row" : "rows"}`;
