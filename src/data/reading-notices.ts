import { badRowsText } from "./bad-rows.js";
import { countLabels } from "./check.js";
import type { Dataset } from "./example.js";
import { lookalikes } from "./labels.js";
import { quoted } from "./table.js";

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
  return [...notices, ...alikeNotices(dataset)];
}

function spellingsText(changed: ReadonlyMap<string, string>): string {
  const found = new Map<string, string[]>();
  for (const [from, to] of changed) found.set(to, [...(found.get(to) ?? []), from]);
  const told = [...found]
    .slice(0, 5)
    .map(([to, from]) => `${from.map(quoted).join(" and ")} as ${quoted(to)}`);
  return `Labels are spelled in one way: ${told.join(", ")}${found.size > told.length ? " and so on" : ""}.`;
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
