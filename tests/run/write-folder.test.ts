import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { encodeSafetensors, openWeights } from "../../src/model/safetensors.js";
import { fileSource } from "../../src/run/model-folder-node.js";
import { checkTarget, writeFileAtomic, writeFolder, writeJson } from "../../src/run/write-folder-node.js";

let root = "";
/** Beside the target stand only files of the test; both are fresh for every test. */
let parent = "";
let target = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "textgraft-write-"));
});
beforeEach(async () => {
  parent = await mkdtemp(join(root, "parent-"));
  target = join(parent, "model");
});
afterAll(() => rm(root, { recursive: true }));

const fill = (content: string) => async (folder: string) => {
  await writeFile(join(folder, "config.json"), `{"model_type": "${content}"}`);
  await mkdir(join(folder, "onnx"));
  await writeFile(join(folder, "onnx", "model.onnx"), content);
};
const filled = () => readFile(join(target, "onnx", "model.onnx"), "utf8");
const boom = async () => {
  throw new Error("boom");
};

test("a new folder appears complete, parents included", async () => {
  const deep = join(parent, "a", "b", "model");
  let seen: string[] = [];
  await writeFolder(deep, { overwrite: false }, fill("one"), async (temporary) => {
    seen = (await readdir(temporary)).sort();
    expect(existsSync(deep)).toBe(false);
  });
  expect(seen).toEqual(["config.json", "onnx"]);
  expect((await readdir(deep)).sort()).toEqual(["config.json", "onnx"]);
  expect(await readdir(join(parent, "a", "b"))).toEqual(["model"]);
});

test("an empty folder is filled", async () => {
  await mkdir(target);
  await writeFolder(`${target}/`, { overwrite: false }, fill("one"));
  expect(await filled()).toBe("one");
  expect(await readdir(parent)).toEqual(["model"]);
});

test("a model is replaced only when that is asked for, and then as a whole", async () => {
  await writeFolder(target, { overwrite: false }, fill("one"));
  await writeFile(join(target, "vocab.txt"), "of the old model");
  await expect(writeFolder(target, { overwrite: false }, fill("two"))).rejects.toMatchObject({
    code: "output-exists",
    message: expect.stringContaining(`${target} is already there: a model folder (one)`),
    fix: expect.stringContaining("--overwrite"),
  });
  expect(await filled()).toBe("one");
  await writeFolder(target, { overwrite: true }, fill("two"));
  expect(await filled()).toBe("two");
  expect((await readdir(target)).sort()).toEqual(["config.json", "onnx"]);
  expect(await readdir(parent)).toEqual(["model"]);
});

test("a model folder with files of the user's is never replaced", async () => {
  await writeFolder(target, { overwrite: false }, fill("one"));
  const ours = [
    "report.txt",
    "mistakes.csv",
    "tokenizer.json",
    "model-00001-of-00002.safetensors",
    "model.safetensors.index.json",
    "config.json.tmp-123",
    "onnx/model_quantized.onnx",
  ];
  for (const name of ours) await writeFile(join(target, name), "x");
  await checkTarget(target, true);
  const attempts = [
    () => checkTarget(target, true),
    () => writeFolder(target, { overwrite: true }, fill("two")),
  ];
  const theirs = ["ok.csv", "notes.txt", "onnx/notes.txt", "report.txt.bak", ".env"];
  for (const name of theirs) {
    await writeFile(join(target, name), "x");
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: "output-exists",
        message: expect.stringContaining(`files that belong to no model (${join(name)})`),
        fix: expect.stringMatching(/^Move those files, or choose another folder/),
      });
    }
    expect(await readFile(join(target, name), "utf8")).toBe("x");
    await rm(join(target, name));
  }
  // A folder is none of a model's files, whatever its name.
  await mkdir(join(target, "README.md"));
  await expect(checkTarget(target, true)).rejects.toMatchObject({ code: "output-exists" });
  await rm(join(target, "README.md"), { recursive: true });
  await checkTarget(target, true);
});

test("a file is written whole or stays as it was", async () => {
  const file = join(parent, "config.json");
  await writeFileAtomic(file, "one");
  await writeFileAtomic(file, new TextEncoder().encode("two"));
  expect(await readFile(file, "utf8")).toBe("two");
  expect(await readdir(parent)).toEqual(["config.json"]);
  // A folder in the way: the rename fails, and nothing is left.
  await mkdir(join(parent, "folder", "full"), { recursive: true });
  await expect(writeFileAtomic(join(parent, "folder"), "three")).rejects.toThrow();
  expect((await readdir(parent)).sort()).toEqual(["config.json", "folder"]);
});

test.each([false, true])("a failing write or check changes nothing (overwrite %s)", async (overwrite) => {
  if (overwrite) await writeFolder(target, { overwrite }, fill("one"));
  const write = async (folder: string) => {
    await fill("two")(folder);
    await boom();
  };
  await expect(writeFolder(target, { overwrite }, write)).rejects.toThrow("boom");
  await expect(writeFolder(target, { overwrite }, fill("two"), boom)).rejects.toThrow("boom");
  expect(await readdir(parent)).toEqual(overwrite ? ["model"] : []);
  if (overwrite) expect(await filled()).toBe("one");
});

test("what another process writes meanwhile is not lost", async () => {
  const write = async (folder: string) => {
    await fill("ours")(folder);
    await mkdir(target);
    await fill("theirs")(target);
  };
  await expect(writeFolder(target, { overwrite: false }, write)).rejects.toMatchObject({
    code: "output-exists",
  });
  expect(await filled()).toBe("theirs");
  expect(await readdir(parent)).toEqual(["model"]);
});

test("what is there is told", async () => {
  const told = async (overwrite: boolean) => {
    const error = await checkTarget(target, overwrite).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "output-exists" });
    return `${(error as Error).message} ${(error as { fix: string }).fix}`;
  };
  await mkdir(target);
  await writeFile(join(target, "textgraft.json"), "{}");
  expect(await told(false)).toMatch(
    /a model that Textgraft wrote on \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Add --overwrite/,
  );
  await checkTarget(target, true);
  await rm(join(target, "textgraft.json"));
  // Every second program has a config.json; only that of a model has a model_type.
  for (const config of ['{"port": 8080}', "null", "not JSON", '{"model_type": 3}']) {
    await writeFile(join(target, "config.json"), config);
    for (const overwrite of [false, true]) {
      expect(await told(overwrite)).toMatch(
        /a folder with other files \(config\.json\)\. Choose another folder/,
      );
    }
  }
  await writeFile(join(target, "thesis.txt"), "x");
  await expect(writeFolder(target, { overwrite: true }, fill("two"))).rejects.toMatchObject({
    code: "output-exists",
  });
  expect((await readdir(target)).sort()).toEqual(["config.json", "thesis.txt"]);
  await rm(target, { recursive: true });
  await writeFile(target, "a file");
  for (const overwrite of [false, true])
    expect(await told(overwrite)).toMatch(/already there: a file\. Choose/);
});

test("a place where no folder can be made is told before the work", async () => {
  await writeFile(join(parent, "notes"), "x");
  await checkTarget(join(parent, "to", "be", "made"), false);
  expect(await readdir(parent)).toEqual(["notes"]);
  await expect(checkTarget(join(parent, "notes", "deep", "model"), false)).rejects.toMatchObject({
    code: "option-invalid",
    message: expect.stringContaining(`${join(parent, "notes")} isn't a folder`),
  });
});

test.runIf(process.platform === "linux")(
  "the top of a mounted disk can't be renamed, and is told so",
  async () => {
    await expect(checkTarget("/proc", true)).rejects.toMatchObject({
      code: "output-exists",
      message: expect.stringContaining("another disk or volume"),
    });
  },
);

test.runIf(process.platform === "linux")(
  "a place whose parent takes no folders, whatever its rights say, is told before the work",
  async () => {
    await expect(checkTarget("/proc/model", false)).rejects.toMatchObject({
      code: "option-invalid",
      message: "/proc/model can't be made: /proc isn't writable for you.",
    });
  },
);

test("a link to a model keeps pointing there, a link to nothing is replaced", async () => {
  const link = join(parent, "link");
  await writeFolder(target, { overwrite: false }, fill("one"));
  await symlink(target, link);
  await writeFolder(link, { overwrite: true }, fill("two"));
  expect(await filled()).toBe("two");
  await rm(target, { recursive: true });
  await writeFolder(link, { overwrite: false }, fill("three"));
  expect(await readFile(join(link, "onnx", "model.onnx"), "utf8")).toBe("three");
  expect(await readdir(parent)).toEqual(["link"]);
});

test("writers at once: one model stays, whole", async () => {
  await writeFolder(target, { overwrite: false }, fill("zero"));
  const results = await Promise.allSettled(
    ["one", "two", "three"].map((content) => writeFolder(target, { overwrite: true }, fill(content))),
  );
  expect(results.some(({ status }) => status === "fulfilled")).toBe(true);
  const content = await filled();
  expect(await readFile(join(target, "config.json"), "utf8")).toBe(`{"model_type": "${content}"}`);
  expect((await readdir(parent)).filter((name) => name.includes(".tmp-"))).toEqual([]);
});

test("killed in the middle of writing: the target is untouched and the next write clears up", async () => {
  await writeFolder(target, { overwrite: false }, fill("one"));
  const { pid, stop } = await halfway(target);
  const left = (await readdir(parent)).filter((name) => name !== "model");
  expect(left).toEqual([expect.stringMatching(new RegExp(`^\\.model\\.tmp-${pid}-[0-9a-f]{8}$`))]);
  // While the process lives, its folder is its own.
  await checkTarget(target, true);
  expect(await readdir(parent)).toContain(left[0]);
  await stop();
  expect(await filled()).toBe("one");
  expect(await readFile(join(parent, left[0]!, "weights"), "utf8")).toBe("half");

  // Neighbours whose names only look alike stay: another target's, a file of the user's.
  const neighbours = [
    `.other.tmp-${pid}-00000000`,
    `.model.tmp-${pid}`,
    ".model.tmp-notes",
    "model.tmp-1-00000000",
  ];
  for (const name of neighbours) await writeFile(join(parent, name), "x");
  await writeFolder(target, { overwrite: true }, fill("two"));
  expect(await filled()).toBe("two");
  expect((await readdir(parent)).sort()).toEqual([...neighbours, "model"].sort());
});

test("killed between the two renames: the old model is put back", async () => {
  const { pid, stop } = await halfway(target);
  await stop();
  await mkdir(join(parent, `.model.old-${pid}-00000000`));
  await fill("one")(join(parent, `.model.old-${pid}-00000000`));
  await checkTarget(target, true);
  expect(await filled()).toBe("one");
  expect(await readdir(parent)).toEqual(["model"]);
});

test("JSON is written sorted, indented by two, with a final newline", async () => {
  const file = join(parent, "config.json");
  const value = {
    id2label: { 1: "spam", 0: "ham" },
    b: [{ z: 1, y: [] }],
    a: null,
    dropped: undefined,
    Z: "ü",
  };
  await writeJson(file, value);
  // What Python's json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) gives.
  const expected = `{
  "Z": "ü",
  "a": null,
  "b": [
    {
      "y": [],
      "z": 1
    }
  ],
  "id2label": {
    "0": "ham",
    "1": "spam"
  }
}
`;
  expect(await readFile(file, "utf8")).toBe(expected);
});

test("weights go to a file chunk by chunk, also from shared memory", async () => {
  const data = Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i));
  const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  const file = join(parent, "model.safetensors");
  await writeFile(file, encodeSafetensors(new Map([["x", { shape: [300_000], data: shared }]])));
  const weights = await openWeights(await fileSource(file));
  expect(Buffer.from((await weights.read("x")).buffer).equals(Buffer.from(data.buffer))).toBe(true);
});

/** A process of its own that stands still in the middle of `writeFolder(target)`. */
async function halfway(target: string): Promise<{ pid: number; stop: () => Promise<void> }> {
  const script = join(await compiled(), "halfway.mjs");
  await writeFile(
    script,
    `import { writeFile } from "node:fs/promises";
    import { writeFolder } from "./run/write-folder-node.js";
    await writeFolder(process.argv[2], { overwrite: true }, async (folder) => {
      await writeFile(folder + "/weights", "half");
      console.log("halfway");
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    });`,
  );
  const child = spawn(process.execPath, [script, target], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    pid: child.pid!,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

let compilation: Promise<string> | undefined;

/** The folder with `run/write-folder-node.js` as plain JavaScript, which every supported Node runs. */
function compiled(): Promise<string> {
  compilation ??= (async () => {
    const out = join(root, "compiled");
    const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
    const options = ["--ignoreConfig", "--outDir", out, "--rootDir", file("src"), "--module", "nodenext"];
    options.push("--target", "es2022", "--types", "node", "--skipLibCheck");
    const compiler = file("node_modules/typescript/bin/tsc");
    const source = file("src/run/write-folder-node.ts");
    await promisify(execFile)(process.execPath, [compiler, ...options, source], { cwd: file("") });
    await writeFile(join(out, "package.json"), '{"type": "module"}');
    return out;
  })();
  return compilation;
}
