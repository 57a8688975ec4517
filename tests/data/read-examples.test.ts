import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { badRows } from "../../src/data/bad-rows.js";
import type { Example } from "../../src/data/example.js";
import { type ExampleOptions, readExamples } from "../../src/data/read-examples.js";
import { readTexts } from "../../src/data/read-texts.js";
import { readingNotices } from "../../src/data/reading-notices.js";
import { rejectedCsv } from "../../src/data/rejected-csv.js";
import type { ReadOptions } from "../../src/data/rows/open-text.js";
import { rowsFrom } from "../support/rows.js";
import { rejectionOf } from "./support.js";

const read = async (file: string, names: ReadOptions = {}, options: ExampleOptions = {}, name = "t.csv") =>
  readExamples(await rowsFrom(file, name, names), names, options);

const examplesOf = async (...args: Parameters<typeof read>): Promise<Example[]> => [
  ...(await read(...args)).examples,
];

test("a table becomes examples with trimmed labels and their places", async () => {
  const { examples, reading, ...rest } = await read('label,text\n spam ," win\n now "\n\nham,hello\n');
  expect(rest).toEqual({
    source: "t.csv",
    labels: ["ham", "spam"],
    columns: {
      text: { name: "text", index: 1, guessed: true },
      labels: [{ name: "label", index: 0, guessed: true }],
    },
  });
  expect([...examples]).toEqual([
    { text: " win\n now ", labels: ["spam"], row: 1, line: 2 },
    { text: "hello", labels: ["ham"], row: 2, line: 5 },
  ]);
  expect(reading).toMatchObject({ format: "CSV with commas", rows: 2 });
});

test("empty texts and labels are told together, with rows and counts", async () => {
  const file = `text,label\n${["a,", "b, ", "c,1", " ,1", "e,", "f,", "g,", "h,"].join("\n")}\n`;
  expect(await rejectionOf(read(file))).toBe(
    'data-invalid: t.csv: 7 of 8 rows are bad: 6 rows have nothing in column "label": rows 1, 2, 5, 6, 7 and 1 more; ' +
      'row 4 (line 5) has nothing in column "text".',
  );
});

test("labels of different programs are spelled in one way, and that is told", async () => {
  const dataset = await read("text,label\na,1.0\nb,1\nc,2.00\nd,-0.0\ne,TRUE\nf,True\ng,1.5\nh,v1.0\n");
  expect(dataset.examples.map(({ labels }) => labels[0])).toEqual([
    "1",
    "1",
    "2",
    "0",
    "true",
    "true",
    "1.5",
    "v1.0",
  ]);
  expect(readingNotices(dataset)[0]).toBe(
    'Labels are spelled in one way: "1.0" as "1", "2.00" as "2", "-0.0" as "0", "TRUE" and "True" as "true".',
  );
});

test("labels that a model knows keep its spelling", async () => {
  const known = ["True", "False", "1.0"];
  const dataset = await read("text,label\na,true\nb,False\nc,1\nd,other\n", {}, { known });
  expect(dataset.examples.map(({ labels }) => labels[0])).toEqual(["True", "False", "1.0", "other"]);
});

test("labels that differ only by case or spaces, and those of one row, are told", async () => {
  const dataset = await read("text,label\na,Spam\nb,spam\nc,spam\nd,New York\ne,new  york\nf,ham\ng,ham\n");
  expect(dataset.labels).toHaveLength(5);
  expect(readingNotices(dataset)).toEqual([
    'The labels "Spam" (row 1 (line 2)), "New York" (row 4 (line 5)), "new  york" (row 5 (line 6)) have only one row ' +
      "in t.csv: too few to learn from and to test.",
    't.csv has labels that differ only by case or spaces: "New York" (1 row) and "new  york" (1 row); ' +
      '"Spam" (1 row) and "spam" (2 rows). They are different labels here; if they are one, correct the file.',
  ]);
});

test("columns named after labels have them as 0 and 1", async () => {
  const file = "id,comment,toxic,insult,threat\n1,a,1,0,0\n2,b,true,1.0,FALSE\n3,c,0,,no\n4,d,0,2,0\n";
  const names = { label: "toxic,insult,threat" };
  const multi = await read(file, names, { multiLabel: true, onBadRow: "skip" });
  expect(multi.labels).toEqual(["insult", "toxic"]);
  expect(multi.examples.map(({ labels }) => labels)).toEqual([["toxic"], ["insult", "toxic"], []]);
  expect([...multi.reading.bad.byReason.keys()]).toEqual(['something else than 0 or 1 in column "insult"']);
  const single = await read(file, names, { onBadRow: "skip" });
  expect(single.examples.map(({ labels }) => labels)).toEqual([["toxic"]]);
  expect(single.reading.bad.listed.map(({ row, reason }) => [row, reason])).toEqual([
    [2, "several labels, which needs --multi-label"],
    [3, "no label: all its label columns are 0"],
    [4, 'something else than 0 or 1 in column "insult"'],
  ]);
});

test("pairs, groups and times", async () => {
  const file =
    "q,a,label,user,at\nwho?,me,yes,u1,2024-02-29\nwhy?,so,no, u2 ,2024-02-29T12:00:00+02:00\nhow?,,no,u1,1\nx,y,no,,2\nx,y,no,u,soon\n";
  const names = { text: "q", text2: "a", group: "user", time: "at" };
  const { examples, reading } = await read(file, names, { onBadRow: "skip" });
  expect([...examples]).toEqual([
    { text: "who?", pair: "me", labels: ["yes"], group: "u1", time: Date.UTC(2024, 1, 29), row: 1, line: 2 },
    {
      text: "why?",
      pair: "so",
      labels: ["no"],
      group: "u2",
      time: Date.UTC(2024, 1, 29, 10),
      row: 2,
      line: 3,
    },
  ]);
  expect(reading.bad.listed.map(({ row, reason }) => [row, reason])).toEqual([
    [3, 'nothing in column "a"'],
    [4, 'nothing in column "user"'],
    [5, 'no date, time or number in column "at"'],
  ]);
});

const many = (bad: number, good: number) =>
  `text,label\n${"a,1\n".repeat(good - 2)}${"b,2\n".repeat(2)}${"c\n".repeat(bad)}`;

test("a few bad rows are left out, told and listed; more than 1 % stop", async () => {
  const dataset = await read(many(2, 198));
  expect(dataset.examples).toHaveLength(198);
  expect(readingNotices(dataset, "rejected.csv")).toEqual([
    "Left out 2 of 200 rows of t.csv: 2 rows have 1 value, not 2 as the header has: rows 199, 200; rejected.csv lists them.",
  ]);
  expect(parse(rejectedCsv([dataset.reading.bad]), { columns: true })).toEqual([
    { source: "t.csv", row: "199", line: "200", problem: "1 value, not 2 as the header has", values: '"c"' },
    { source: "t.csv", row: "200", line: "201", problem: "1 value, not 2 as the header has", values: '"c"' },
  ]);
  await expect(read(many(3, 197))).rejects.toMatchObject({
    code: "data-invalid",
    message:
      "t.csv: 3 of 200 rows are bad: 3 rows have 1 value, not 2 as the header has: rows 198, 199, 200.",
    fix: expect.stringContaining("--on-bad-row skip"),
  });
  await expect(read(many(1, 199), {}, { onBadRow: "stop" })).rejects.toMatchObject({
    message: "t.csv: 1 of 200 rows is bad: row 200 (line 201) has 1 value, not 2 as the header has.",
  });
  expect(await examplesOf(many(150, 50), {}, { onBadRow: "skip" })).toHaveLength(50);
  await expect(read("text,label\na\nb\n", {}, { onBadRow: "skip" })).rejects.toMatchObject({
    message: expect.stringContaining("2 of 2 rows are bad"),
    fix: expect.not.stringContaining("--on-bad-row"),
  });
});

test("bad rows that stop are listed first", async () => {
  const listed: number[] = [];
  const listBad = async ({ count }: { count: number }) => {
    listed.push(count);
    return "model-rejected.csv";
  };
  await expect(read(many(3, 3), {}, { listBad })).rejects.toMatchObject({
    fix: expect.stringMatching(/They are listed in model-rejected\.csv\.$/),
  });
  expect(listed).toEqual([3]);
});

test("of very many bad rows the first are listed, and all counted", () => {
  const bad = badRows("t.csv");
  for (let row = 1; row <= 10_003; row++) bad.add({ values: ["x"], row, reason: "a problem" });
  expect([bad.count, bad.listed.length]).toEqual([10_003, 10_000]);
  const rows = parse(rejectedCsv([bad]), { columns: true }) as Record<string, string>[];
  expect(rows).toHaveLength(10_001);
  expect(rows.at(-1)?.problem).toBe("3 more rows are not listed");
});

test("broken bytes name the encoding as a remedy", async () => {
  const bytes = Buffer.concat([
    Buffer.from("text,label\na,1\nb,2\nschön grün,1\n"),
    Buffer.from([0xfc, 0x2c, 0x31]),
  ]);
  await expect(
    rowsFrom(new Uint8Array(bytes), "t.csv").then((source) => readExamples(source)),
  ).rejects.toMatchObject({
    message: "t.csv: 1 of 4 rows is bad: row 4 (line 5) has bytes that are no text in the file's encoding.",
    fix: expect.stringContaining("--encoding windows-1252"),
  });
});

test("texts for prediction need no labels; those without a text are left out", async () => {
  const source = await rowsFrom(`text,label\n${"a,\n".repeat(199)} ,x\n`, "t.csv");
  const { columns, bad, chunks } = readTexts(source, {});
  expect(columns).toEqual({ text: { name: "text", index: 0, guessed: true }, labels: [] });
  const rows = [];
  for await (const chunk of chunks()) rows.push(...chunk);
  expect(rows).toHaveLength(199);
  expect(rows[0]).toEqual({ text: "a", values: ["a", ""], row: 1, line: 2 });
  expect(bad.count).toBe(1);
});
