import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Asker } from "../../src/app/ask.js";
import { interview } from "../../src/app/commands/init.js";
import { readConfig } from "../../src/run/config.js";
import { writeTinyModel } from "../support/tiny-model.js";
import { runBuilt } from "./run-in-process.js";
import { topicCsv } from "./topics.js";

const folder = await mkdtemp(join(tmpdir(), "textgraft-config-"));
afterAll(() => rm(folder, { recursive: true }));
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  await writeTinyModel(file("tiny"));
  await writeFile(file("topics.csv"), topicCsv(80));
  const settings = {
    ...{ data: file("topics.csv"), model: file("tiny"), output: file("model") },
    ...{ epochs: 1, "max-length": 24, "batch-size": 16 },
  };
  await writeFile(file("c.json"), JSON.stringify(settings));
});

describe("train --config", () => {
  test("with --dry-run tells what a training would take, and writes nothing", async () => {
    const before = await readdir(folder);
    const { stdout, code, stderr } = await runBuilt("train", "--config", file("c.json"), "--dry-run");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("80 texts in all");
    expect(stdout).toMatch(/It will take about \d+ seconds? and \d\.\d GB of memory\./);
    expect(stdout).toContain(`Without --dry-run the model would lie in ${file("model")}.`);
    expect(await readdir(folder)).toEqual(before);
  });

  test("counts the steps that flags ask for: they win", async () => {
    const dry = async (...flags: string[]) => {
      const { stdout } = await runBuilt("train", "--config", file("c.json"), "--dry-run", "--json", ...flags);
      return JSON.parse(stdout) as { data: { parts: { train: { rows: number } } }; model: { steps: number } };
    };
    const { data, model } = await dry();
    expect(model.steps).toBe(Math.ceil(data.parts.train.rows / 16));
    expect((await dry("--epochs", "3", "--batch-size", "8")).model.steps).toBe(
      3 * Math.ceil(data.parts.train.rows / 8),
    );
  });

  test("trains as the file says", async () => {
    const { code, stdout } = await runBuilt("train", "--config", file("c.json"), "--quiet", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      folder: file("model"),
      options: { epochs: 1, maxLength: 24 },
    });
  });

  test("of a missing file, and without data, says what to do", async () => {
    const missing = await runBuilt("train", "--config", file("none.yaml"));
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(missing.stderr).toContain("textgraft init");
    await writeFile(file("empty.yaml"), "epochs: 2\n");
    const empty = await runBuilt("train", "--config", file("empty.yaml"));
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain(`Neither the command line nor ${file("empty.yaml")} names the data.`);
    expect((await runBuilt("train")).stderr).toContain("No data was named.");
  });
});

describe("init", () => {
  test("writes a file that train takes, from what the data shows", async () => {
    const rows = [
      "message,kind",
      ...Array.from({ length: 60 }, (_, i) => `text ${i},${i % 6 ? "ham" : "spam"}`),
    ];
    await writeFile(file("rare.csv"), rows.join("\n"));
    const output = file("textgraft.yaml");
    const { code, stdout } = await runBuilt("init", file("rare.csv"), "--yes", "--output", output);
    expect(code).toBe(0);
    expect(stdout).toContain(`textgraft train --config ${output}`);
    const { data, options } = readConfig(await readFile(output, "utf8"), output);
    expect(data).toBe(file("rare.csv"));
    expect(options).toMatchObject({
      text: "message",
      label: "kind",
      classWeights: "balanced",
      model: "mini",
    });

    const again = await runBuilt("init", file("rare.csv"), "--yes", "--output", output);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("already there");
  });

  test("sees that texts have several labels", async () => {
    const cells = ["a|b", "b|c", "a", "c", "a|c"];
    const rows = ["text,tags", ...Array.from({ length: 40 }, (_, i) => `text ${i},${cells[i % 5]}`)];
    await writeFile(file("sets.csv"), rows.join("\n"));
    await runBuilt("init", file("sets.csv"), "--yes", "--output", file("sets.yaml"));
    expect(readConfig(await readFile(file("sets.yaml"), "utf8"), "sets.yaml").options.multiLabel).toBe(true);
  });

  describe("asks for the roles of other columns", () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      question: `what is thing number ${i}`,
      answer: `it is the answer number ${i} to that`,
      customer_id: `c${i % 12}`,
      sent: `2024-${String(1 + (i % 12)).padStart(2, "0")}-0${1 + (i % 9)}`,
      stars: String(i % 5),
      kind: i % 2 ? "good" : "bad",
    }));
    const csv = (columns: readonly (keyof (typeof rows)[number])[]) =>
      [columns.join(","), ...rows.map((row) => columns.map((name) => row[name]).join(","))].join("\n");

    /** Answers the questions that begin so, takes the suggestion for all others, and keeps what was asked. */
    function scripted(answers: Record<string, string>) {
      const asked = new Map<string, string[]>();
      const asker: Asker = {
        text: async (_question, initial) => initial,
        async choose(question, choices, initial) {
          asked.set(
            question,
            choices.map(({ value }) => value),
          );
          const given = Object.entries(answers).find(([start]) => question.startsWith(start))?.[1];
          return (given as typeof initial) ?? initial;
        },
      };
      return { asker, asked };
    }
    const quiet = { say() {} };
    const pairs = "Is there a second text, so that the model reads pairs?";
    const parts = "Which rows shall test the model?";

    test("where there are candidates, and takes the answers", async () => {
      await writeFile(file("roles.csv"), csv(["question", "answer", "customer_id", "sent", "stars", "kind"]));
      const columns = { "Which column has the texts": "question", "Which column has the labels": "kind" };
      const { asker, asked } = scripted({
        ...columns,
        [pairs]: "yes, answer",
        [parts]: "the newest by sent",
      });
      const settings = await interview(asker, file("roles.csv"), quiet);
      expect(asked.get(pairs)).toEqual(["no", "yes, answer"]);
      expect(asked.get(parts)).toEqual(["any", "whole groups of customer_id", "the newest by sent"]);
      expect(settings).toMatchObject({ text: "question", text2: "answer", label: "kind", time: "sent" });
      expect(settings).not.toHaveProperty("group");
    });

    test("suggests only what the names say", async () => {
      const renamed = csv(["question", "answer", "customer_id", "sent", "kind"])
        .replace("question", "sentence1")
        .replace("answer", "sentence2");
      await writeFile(file("named.csv"), renamed);
      const { asker } = scripted({ "Which column has the labels": "kind" });
      expect(await interview(asker, file("named.csv"), quiet)).toMatchObject({
        text: "sentence1",
        text2: "sentence2",
        group: "customer_id",
      });
    });

    test("not where there is nothing to ask", async () => {
      await writeFile(file("plain.csv"), csv(["question", "stars", "kind"]));
      const { asker, asked } = scripted({
        "Which column has the texts": "question",
        "Which column has the labels": "kind",
      });
      const settings = await interview(asker, file("plain.csv"), quiet);
      expect([...asked.keys()].filter((question) => [pairs, parts].includes(question))).toEqual([]);
      for (const role of ["text2", "group", "time"]) expect(settings).not.toHaveProperty(role);
    });
  });

  test("without a terminal and without --yes says what to do", async () => {
    const { code, stderr } = await runBuilt("init", file("topics.csv"), "--output", file("no.yaml"));
    expect(code).toBe(2);
    expect(stderr).toContain("--yes");
  });
});

test("sweep tries the settings of a file and shows them from the best", async () => {
  const settings = JSON.parse(await readFile(file("c.json"), "utf8")) as object;
  const sweep = {
    ...settings,
    output: file("sweep"),
    sweep: { "learning-rate": [1e-30, 5e-3], epochs: [1, 2] },
  };
  await writeFile(file("s.json"), JSON.stringify(sweep));
  const { code, stdout, stderr } = await runBuilt("sweep", file("s.json"));
  expect(code).toBe(0);
  expect(stderr).toContain("4 settings.");
  expect(stdout).toMatch(/^4 settings, the best first:/);
  expect(stdout).toMatch(/Best on the validation rows: run [24], --learning-rate 0.005 --epochs [12]\./);
  expect(stdout).toContain(`Plots of all settings: ${file("sweep")}/sweep.html.`);
  expect(await readFile(join(file("sweep"), "sweep.html"), "utf8")).toContain("report of a Textgraft sweep");
  const without = await runBuilt("sweep", file("c.json"));
  expect(without.code).toBe(2);
  expect(without.stderr).toContain("has no sweep part");
});
