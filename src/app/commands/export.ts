import { type Command, Option } from "commander";
import { type App, type CommonFlags, jsonLine } from "../app.js";

/** `textgraft export DIR --to onnx` */
export function addExport(program: Command, app: App): Command {
  return program
    .command("export")
    .description("write a fine-tuned model in a format for other programs")
    .argument("<dir>", "model folder that train wrote")
    .addOption(
      new Option(
        "--to <format>",
        "onnx: writes onnx/model.onnx into the folder, for transformers.js and others",
      )
        .choices(["onnx"])
        .makeOptionMandatory(),
    )
    .action((dir: string, { json }: CommonFlags) => exportVerb(app, dir, json));
}

async function exportVerb({ stdout }: App, dir: string, json: true | undefined): Promise<void> {
  const { exportOnnx } = await import("../../run/export-node.js");
  const exported = await exportOnnx(dir);
  const { file, bytes, largestDifference } = exported;
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const told = `Wrote ${file} (${size}); its probabilities differ from the model's by at most ${largestDifference.toExponential(1)}.\n`;
  stdout.write(json ? jsonLine(exported) : told);
}
