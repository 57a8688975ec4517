// Prints how well `textgraft audit` finds wrong labels: flips 5 % of the SMS labels (TEXTGRAFT_SMS names the file), audits,
// and counts how many of the flipped rows are among the first 5 % of the ranking. Further arguments are options of
// the audit, such as epochs=2 freeze=all; flips=7 is the seed of the flips. `npm run build` first.
import { existsSync } from "node:fs";
import { random, shuffled } from "../dist/base/random.js";
import { readExamples } from "../dist/data/read-examples.js";
import { openRows } from "../dist/data/rows/open-rows-node.js";
import { audit } from "../dist/index.js";

const sms = process.env.TEXTGRAFT_SMS ?? "../shared/data/spamdata_v2.csv";
if (!existsSync(sms)) {
  console.log(`Skipped: no ${sms}`);
  process.exit();
}
const given = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split("=")));
const { flips = "1", ...options } = given;
const { examples, labels } = await readExamples(await openRows(sms));
const flipped = new Set(
  shuffled([...Array(examples.length).keys()], random(Number(flips))).slice(
    0,
    Math.round(0.05 * examples.length),
  ),
);
const other = (label) => labels[1 - labels.indexOf(label)];
const data = examples.map(({ text, labels: [label] }, i) => ({
  text,
  label: flipped.has(i) ? other(label) : label,
}));

const run = audit({ data, model: "mini", ...options });
const { ranking, findings, estimatedErrors, test, seconds } = await run.result;
const among = (items) => items.filter(({ example }) => flipped.has(example)).length;
const share = (n) => `${((100 * n) / flipped.size).toFixed(1)} %`;
const top = among(ranking.slice(0, flipped.size));
console.log(
  `${examples.length} rows, ${flipped.size} flipped (seed ${flips}); options ${JSON.stringify(options)}; ${Math.round(seconds)} s\n` +
    `among the first ${flipped.size} of the ranking (5 %): ${top} of the flipped, ${share(top)}\n` +
    `among the first 10 %: ${share(among(ranking.slice(0, 2 * flipped.size)))}\n` +
    `findings: ${findings.length}, of them flipped ${among(findings)} (${share(among(findings))} of the flipped); ` +
    `estimated wrong: ${Math.round(estimatedErrors)}\n` +
    `accuracy against the flipped labels: ${test.metrics.accuracy.toFixed(4)}`,
);
