import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { TextgraftError } from "../../base/errors.js";
import { peek } from "./bytes.js";
import { INVALID_BYTES, showInvalid } from "./csv-records.js";
import { INVALID } from "./encoding.js";
import { type FoundRow, type RowSource, rowSource } from "./row-source.js";
import { textPieces } from "./text-pieces.js";

/** Files that are open at a time. */
const TOGETHER = 32;

/**
 * Rows of a folder with one folder of text files for each label: `label/*.txt`, each file one text. Columns are text,
 * label and file; the order is that of the names, whatever the file system's is. Folders within these are read, too.
 * @throws TextgraftError data-invalid where there are no such files.
 */
export async function readFolder(path: string, encoding?: string): Promise<RowSource> {
  const files = await textFiles(path);
  async function* read(): AsyncGenerator<FoundRow[]> {
    for (let start = 0; start < files.length; start += TOGETHER) {
      yield await Promise.all(
        files.slice(start, start + TOGETHER).map(async ({ label, name }) => {
          const text = await textOf(join(path, name), encoding);
          const values = [showInvalid(text), label, name];
          return text.includes(INVALID) ? { values, reason: INVALID_BYTES } : { values };
        }),
      );
    }
  }
  const labels = new Set(files.map(({ label }) => label));
  const fix = "Give a folder with a folder for each label, and in these a .txt file for each text.";
  if (files.length === 0) {
    throw new TextgraftError("data-invalid", {
      message: `${path} has no text files in folders named after labels, such as ${join(path, "spam", "1.txt")}.`,
      fix: `${fix} If the texts are in a table, name its file.`,
    });
  }
  return rowSource(
    {
      source: path,
      columns: ["text", "label", "file"],
      sample: [],
      format: `text files in ${labels.size === 1 ? "1 folder named after its label" : `${labels.size} folders named after their labels`}`,
      delimiter: ",",
      hasLists: false,
    },
    read,
    fix,
  );
}

async function textFiles(path: string): Promise<{ label: string; name: string }[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  const found = await Promise.all(
    folders.map(async ({ name: label }) => {
      const names = await readdir(join(path, label), { recursive: true });
      const texts = names.filter((name) => /\.txt$/i.test(name) && !/(^|[\\/])\./.test(name));
      return texts.sort(byName).map((name) => ({ label, name: join(label, name) }));
    }),
  );
  return found.sort((a, b) => byName(a[0]?.label ?? "", b[0]?.label ?? "")).flat();
}

/** 2.txt comes before 10.txt; the same on every machine. */
const { compare: byName } = new Intl.Collator("en", { numeric: true });

async function textOf(path: string, wanted: string | undefined): Promise<string> {
  const content = await readFile(path);
  async function* once(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  const { head } = await textPieces(await peek(once(), Number.POSITIVE_INFINITY), path, wanted);
  return head;
}
