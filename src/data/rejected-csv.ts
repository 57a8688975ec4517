import { stringify } from "csv-stringify/sync";
import type { BadRows } from "./bad-rows.js";
import { quoted } from "./table.js";

/** Rows that couldn't be used, as CSV: where each stands, what it has that it shouldn't, and the beginning of its values. */
export function rejectedCsv(sources: readonly BadRows[]): string {
  const rows = sources.flatMap(({ source, listed, count }) => {
    // A reader finds those that are no rows at all before those that are no examples.
    const inOrder = [...listed].sort((a, b) => a.row - b.row);
    const found = inOrder.map(({ row, line, reason, values }) => [
      source,
      String(row),
      line === undefined ? "" : String(line),
      reason,
      values.map(quoted).join(" "),
    ]);
    const more = count - listed.length;
    return more === 0 ? found : [...found, [source, "", "", `${more} more rows are not listed`, ""]];
  });
  const header = ["source", "row", "line", "problem", "values"];
  return stringify([header, ...rows], { quote_record_delimiter: true });
}
