import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { chooseColumns, columnFacts } from "../../src/data/columns.js";
import { errorOf } from "./support.js";

const table = (header: string, sample: string[][] = []) => ({
  source: "t.csv",
  columns: header.split(","),
  sample,
});

const textColumn = (header: string) => chooseColumns(table(header), {}, { labelled: false }).text;

test.each([
  ["label,text", "text", "label"],
  ["v1,v2,,,", "v2", "v1"],
  ["Category, Message ", "Message", "Category"],
  ["content,text,class,target", "text", "target"],
  ["SENTENCE,labels", "SENTENCE", "labels"],
  ["review,sentiment", "review", "sentiment"],
  ["id,sentiment,review", "review", "sentiment"],
  ["stars,review", "review", "stars"],
  ["body,label", "body", "label"],
])("columns of %j are guessed as %s and %s", (header, text, label) => {
  expect(chooseColumns(table(header))).toMatchObject({
    text: { name: text, guessed: true },
    labels: [{ name: label, guessed: true }],
  });
});

test("named columns win, and are not called guessed", () => {
  expect(chooseColumns(table("text,body,label,kind"), { text: "body", label: "kind" })).toEqual({
    text: { name: "body", index: 1, guessed: false },
    labels: [{ name: "kind", index: 3, guessed: false }],
  });
});

test("of two columns the other one is taken beside one that is named", () => {
  expect(chooseColumns(table("body,kind"), { label: "kind" })).toEqual({
    text: { name: "body", index: 0, guessed: true },
    labels: [{ name: "kind", index: 1, guessed: false }],
  });
  expect(chooseColumns(table("kind,body"), { text: "body" }).labels[0]?.name).toBe("kind");
  expect(textColumn("body,label").name).toBe("body");
  expect(errorOf(() => chooseColumns(table("essay,kind")))).toMatch(/^column-missing.*texts/);
  expect(errorOf(() => chooseColumns(table("id,essay,label")))).toMatch(/^column-missing.*texts/);
});

test("a name that is like no column has no closest one", () => {
  expect(() => chooseColumns(table("id,text"), { label: "category" })).toThrow(
    expect.objectContaining({ fix: "Name one of them with --label." }),
  );
});

test("the text column is not guessed as the label column", () => {
  expect(chooseColumns(table("label,class,text"), { text: "label" }).labels[0]?.name).toBe("class");
  expect(errorOf(() => chooseColumns(table("text,label"), { label: "text" }))).toMatch(/^option-invalid/);
});

test("a column that is missing is told with the columns and the closest name", () => {
  const act = () => chooseColumns(table("id,Sentiment,review"), { label: "sentiment" });
  expect(act).toThrow(TextgraftError);
  expect(act).toThrow(
    expect.objectContaining({
      code: "column-missing",
      message: 't.csv has no column "sentiment"; its columns are "id", "Sentiment", "review".',
      fix: 'Did you mean --label "Sentiment"?',
    }),
  );
});

test("a file without header names the remedy", () => {
  expect(() => chooseColumns(table("ham,see you later"))).toThrow(
    expect.objectContaining({
      code: "column-missing",
      message: expect.stringContaining('its columns are "ham", "see you later"'),
      fix: expect.stringMatching(/--text.*--header no.*header line/),
    }),
  );
});

test("two columns of the wanted name are refused", () => {
  expect(errorOf(() => chooseColumns(table("text,Text,label")))).toContain('more than one column "text"');
});

test("texts to be predicted need no label column", () => {
  expect(textColumn("id,review")).toEqual({ name: "review", index: 1, guessed: true });
});

test("pairs have a second text, groups and times are only what is named", () => {
  const chosen = chooseColumns(table("id,question,answer,label,user,date"), {
    text: "question",
    text2: "answer",
    group: "user",
    time: "date",
  });
  expect(chosen).toEqual({
    text: { name: "question", index: 1, guessed: false },
    pair: { name: "answer", index: 2, guessed: false },
    labels: [{ name: "label", index: 3, guessed: true }],
    group: { name: "user", index: 4, guessed: false },
    time: { name: "date", index: 5, guessed: false },
  });
  expect(columnFacts(chosen)).toEqual({
    textColumn: "question",
    pairColumn: "answer",
    labelColumn: "label",
    guessed: ["label"],
  });
});

test("a model of pairs finds them by the names that it was trained with, or by usual ones", () => {
  const find = (header: string) =>
    chooseColumns(
      table(header),
      {},
      { labelled: false, pairs: true, usual: { text: "question", text2: "answer" } },
    );
  expect(find("text,answer,question")).toMatchObject({ text: { index: 2 }, pair: { index: 1 } });
  expect(find("text,text2")).toMatchObject({ text: { index: 0 }, pair: { index: 1 } });
  expect(errorOf(() => find("id,text,label"))).toMatch(/^column-missing.*second texts/);
});

test("several columns of labels are named at once; a name may have a comma, too", () => {
  const { labels } = chooseColumns(table("text,toxic,insult,threat"), { label: "insult, toxic" });
  expect(labels.map(({ name, index }) => [name, index])).toEqual([
    ["insult", 2],
    ["toxic", 1],
  ]);
  const comma = { source: "t.csv", columns: ["text", "a,b", "a", "b"] };
  expect(chooseColumns(comma, { label: "a,b" }).labels.map(({ name }) => name)).toEqual(["a,b"]);
  expect(errorOf(() => chooseColumns(table("text,a,b"), { label: "a,c" }))).toContain('has no column "c"');
  expect(errorOf(() => chooseColumns(table("text,a,b"), { label: "a,a" }))).toMatch(
    /^option-invalid.*"a" is named/,
  );
});

test.each<[string, string, string | undefined]>([
  ["1,2,3", "3", "2"],
  ["key,mark,essay", "essay", "mark"],
])("columns %s without usual names are told by what stands in them", (header, text, label) => {
  const sample = Array.from({ length: 10 }, (_, i) => [
    `id${i}`,
    i % 3 === 0 ? "good" : "bad",
    `a longer text, number ${i}`,
  ]);
  const { text: chosen, labels } = chooseColumns(table(header, sample));
  expect([chosen, ...labels]).toMatchObject([
    { name: text, guessed: true },
    { name: label, guessed: true },
  ]);
  expect(errorOf(() => chooseColumns(table(header, sample.slice(0, 4))))).toMatch(/^column-missing/);
  const alike = sample.map(([id, mark]) => [id!, mark!, mark!]);
  expect(errorOf(() => chooseColumns(table(header, alike)))).toMatch(/^column-missing/);
});

test("a file in which nothing stands is told so, not asked for the name of a column", () => {
  const from = (columns: string[]) => errorOf(() => chooseColumns({ source: "t.csv", columns }));
  expect(from([])).toMatch(/^data-invalid: t\.csv has no columns: nothing stands in it\./);
  expect(from(["", " "])).toMatch(/^column-missing.*its columns have no names\./);
});
