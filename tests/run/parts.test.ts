import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { random } from "../../src/base/random.js";
import { datasetFrom, tellingParts } from "../../src/run/parts.js";

/** Long and different texts, among which near duplicates are looked for several tenths of a second. */
function manyTexts() {
  const draw = random(0);
  const word = () => String.fromCharCode(...Array.from({ length: 6 }, () => 97 + draw.int(26)));
  const rows = Array.from({ length: 1500 }, (_, i) => ({
    text: Array.from({ length: 100 }, word).join(" "),
    label: i % 3 === 0 ? "spam" : "ham",
  }));
  return datasetFrom(rows, { multiLabel: false });
}

test("looking for near duplicates stops between steps where it is cancelled", async () => {
  const kinds: string[] = [];
  let asked = 0;
  const stopIfCancelled = () => {
    if (++asked === 2) throw new TextgraftError("cancelled", { message: "Stopped." });
  };
  const options = { problem: "single_label", split: "grouped", random: random(1) } as const;
  const run = async () => {
    for await (const { kind } of tellingParts({ data: manyTexts() }, options, stopIfCancelled))
      kinds.push(kind);
  };
  await expect(run()).rejects.toMatchObject({ code: "cancelled" });
  expect(kinds).toEqual(["compared"]);
  expect(asked).toBe(2);
});
