import { stat } from "node:fs/promises";
import { TextgraftError } from "../base/errors.js";
import { HubRefusal } from "./hub/refusals.js";
import { type HubRequest, resolveHubModel } from "./hub/resolve-node.js";
import { embeddedModel } from "./model-folder-node.js";

/** Models that come with the package. */
const EMBEDDED = ["mini"];

/** Where a model's files are. */
export interface FoundModel {
  readonly path: string;
  /** Of the Hub's repository, if it is from there. */
  readonly commit?: string;
}

/**
 * Finds a model: a folder of that name, else one that is built in, else a repository of the Hugging Face Hub, such as
 * `bert-base-uncased` or `org/name`, which is downloaded as far as it isn't in the cache. Errors: `file-missing` for what is
 * a path and isn't there, `option-invalid` for a revision of what has none, and those of `resolveHubModel`.
 */
export async function findModel(model: string, request: HubRequest = {}): Promise<FoundModel> {
  const isThere = await stat(model).then(
    () => true,
    () => false,
  );
  if (isThere || EMBEDDED.includes(model) || !isRepository(model)) {
    checkNoRevision(model, request.revision);
    return { path: isThere || !EMBEDDED.includes(model) ? model : embeddedModel() };
  }
  return resolveHubModel(model, request).catch((error) => {
    throw error instanceof HubRefusal && error.refused === "repository" ? noModel(model, error) : error;
  });
}

/** `name` or `org/name`, as the Hub allows them; what else there is names a place. */
const isRepository = (model: string): boolean =>
  /^[A-Za-z\d][\w.-]*(\/[A-Za-z\d][\w.-]*)?$/.test(model) &&
  !/--|\.\.|[.-](\/|$)|\.git$/.test(model) &&
  model.length <= 96;

const noModel = (model: string, { message, fix, cause }: HubRefusal) =>
  new TextgraftError("file-missing", {
    message: `There is no model ${model}: no folder of that name, none that is built in (${EMBEDDED.join(", ")}), and ${message}`,
    ...(fix !== undefined && { fix }),
    cause,
  });

function checkNoRevision(model: string, revision = "main"): void {
  if (revision === "main") return;
  throw new TextgraftError("option-invalid", {
    message: `--revision ${revision} is for models of the Hugging Face Hub; ${model} is ${
      EMBEDDED.includes(model) ? "built in" : "a folder"
    }.`,
    fix: "Leave it out.",
  });
}
