// Prints the table of README's results: trains on the SMS set (TEXTGRAFT_SMS names the file) and, where `npm start`
// has left its e-mails, on those. `npm run build` first.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../dist/app/cli.js", import.meta.url));
const emails = fileURLToPath(new URL("../build/emails.csv", import.meta.url));
const sms = process.env.TEXTGRAFT_SMS ?? "../shared/data/spamdata_v2.csv";
const emailFlags = JSON.parse(readFileSync(new URL("../demo/train-flags.json", import.meta.url), "utf8"));

const rows = [
  { name: "SMS, everything trains", data: sms, flags: [] },
  { name: "SMS, embeddings and 2 layers frozen", data: sms, flags: ["--freeze", "2"] },
  { name: "SMS, the tutorial's recipe", data: sms, flags: ["--recipe", "tutorial"] },
  { name: "e-mails, everything trains", data: emails, flags: emailFlags },
];

console.log(
  "| data and flags | test rows | accuracy | spam precision | recall | F1 | naive Bayes' accuracy | time |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const { name, data, flags } of rows) {
  if (!existsSync(data)) console.log(`| ${name} | skipped: no ${data} | | | | | | |`);
  else
    console.log(`| ${name} (\`${flags.join(" ") || "defaults"}\`) | ${measured(data, flags).join(" | ")} |`);
}

/** Test rows, accuracy, the last label's scores, the floor's accuracy, seconds. */
function measured(data, flags) {
  const folder = mkdtempSync(join(tmpdir(), "textgraft-measure-"));
  try {
    const args = [
      cli,
      "train",
      data,
      "--output",
      join(folder, "model"),
      "--quiet",
      "--json",
      "--no-cache",
      ...flags,
    ];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(stderr);
    const { test, data: facts, seconds } = JSON.parse(stdout);
    const { precision, recall, "f1-score": f1 } = test.report[facts.labels.at(-1)];
    const floor = test.floors.find(({ name }) => name === "naive Bayes").accuracy;
    const scores = [test.accuracy, precision, recall, f1, floor].map((score) => score.toFixed(3));
    return [test.texts, ...scores, `${Math.round(seconds)} s`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
