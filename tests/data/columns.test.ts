import { expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { chooseColumns, chooseTextColumn } from "../../src/data/columns.js";
import { readTable } from "../../src/data/read.js";
import { errorOf } from "./support.js";

const table = (header: string) => readTable(`${header}\n${header.replace(/[^,]/g, "x")}\n`, "t.csv");

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
    label: { name: label, guessed: true },
  });
});

test("named columns win, and are not called guessed", () => {
  const { text, label } = chooseColumns(table("text,body,label,kind"), { text: "body", label: "kind" });
  expect(text).toEqual({ name: "body", index: 1, guessed: false });
  expect(label).toEqual({ name: "kind", index: 3, guessed: false });
});

test("of two columns the other one is taken beside one that is named", () => {
  expect(chooseColumns(table("body,kind"), { label: "kind" })).toEqual({
    text: { name: "body", index: 0, guessed: true },
    label: { name: "kind", index: 1, guessed: false },
  });
  expect(chooseColumns(table("kind,body"), { text: "body" }).label.name).toBe("kind");
  expect(chooseTextColumn(table("body,label")).name).toBe("body");
  expect(errorOf(() => chooseColumns(table("body,kind")))).toMatch(/^column-missing.*texts/);
  expect(errorOf(() => chooseColumns(table("id,body,label")))).toMatch(/^column-missing.*texts/);
});

test("a name that is like no column has no closest one", () => {
  expect(() => chooseColumns(table("id,text"), { label: "category" })).toThrow(
    expect.objectContaining({ fix: "Name one of them with --label." }),
  );
});

test("the text column is not guessed as the label column", () => {
  expect(chooseColumns(table("label,class,text"), { text: "label" }).label.name).toBe("class");
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
  const lines = readTable("ham,see you later\nspam,win a prize\n", "t.csv");
  expect(() => chooseColumns(lines)).toThrow(
    expect.objectContaining({
      code: "column-missing",
      message: expect.stringContaining('its columns are "ham", "see you later"'),
      fix: expect.stringMatching(/--text.*header line/),
    }),
  );
});

test("two columns of the wanted name are refused", () => {
  expect(errorOf(() => chooseColumns(table("text,Text,label")))).toContain('more than one column "text"');
});

test("texts to be predicted need no label column", () => {
  expect(chooseTextColumn(table("id,review"))).toEqual({ name: "review", index: 1, guessed: true });
});
