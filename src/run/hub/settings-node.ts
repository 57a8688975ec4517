import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { TextgraftError } from "../../base/errors.js";

/** Where the Hub is, where its files are kept, and how patient we are. */
export interface HubSettings {
  /** Address without a slash at its end. */
  readonly endpoint: string;
  /** Absolute path of the cache that all programs share. */
  readonly cache: string;
  /** Sent to the endpoint alone. */
  readonly token: string | undefined;
  /** No socket is opened; all comes from the cache. */
  readonly offline: boolean;
  /** Milliseconds without an answer to a question about a model, and without a byte of a file. */
  readonly metadataTimeout: number;
  readonly downloadTimeout: number;
  /** Whether downloads tell how far they are. */
  readonly progress: boolean;
  /** Whether snapshots may link to blobs. Where links fail they are done without anyway. */
  readonly symlinks: boolean;
  /** Milliseconds before the first repetition; doubled before each further one. */
  readonly pause: number;
}

/**
 * The settings by the variables of Python's huggingface_hub:
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 * Throws `option-invalid` where one can't be understood.
 */
export async function hubSettings(
  env: Readonly<Record<string, string | undefined>> = process.env, // a type that programs without @types/node have, too
): Promise<HubSettings> {
  const home =
    pathOf(env.HF_HOME) ?? join(pathOf(env.XDG_CACHE_HOME) ?? join(homedir(), ".cache"), "huggingface");
  return {
    endpoint: endpointOf(env),
    cache: resolve(pathOf(env.HF_HUB_CACHE) ?? pathOf(env.HUGGINGFACE_HUB_CACHE) ?? join(home, "hub")),
    token: isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)
      ? undefined
      : (tokenOf(env.HF_TOKEN) ?? (await readToken(pathOf(env.HF_TOKEN_PATH) ?? join(home, "token")))),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    metadataTimeout: millisecondsOf(env, "HF_HUB_ETAG_TIMEOUT"),
    downloadTimeout: millisecondsOf(env, "HF_HUB_DOWNLOAD_TIMEOUT"),
    progress: !isTrue(env.HF_HUB_DISABLE_PROGRESS_BARS),
    symlinks: !isTrue(env.HF_HUB_DISABLE_SYMLINKS),
    pause: 1000,
  };
}

const isTrue = (value: string | undefined): boolean =>
  ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");

/** A path, with ~ for the home folder. */
const pathOf = (value: string | undefined): string | undefined =>
  value ? value.replace(/^~(?=$|[\\/])/, homedir()) : undefined;

function endpointOf({ HF_ENDPOINT: given }: NodeJS.ProcessEnv): string {
  const endpoint = (given || "https://huggingface.co").replace(/\/+$/, "");
  if (/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : "")) return endpoint;
  throw new TextgraftError("option-invalid", {
    message: `HF_ENDPOINT is "${given}"; it must be an address.`,
    fix: "For example https://huggingface.co, or leave it out.",
  });
}

/** What stands in a token file has a line break at its end; one in a header would be refused. */
const tokenOf = (text: string | undefined): string | undefined => text?.trim() || undefined;

const readToken = async (file: string): Promise<string | undefined> =>
  tokenOf(await readFile(file, "utf8").catch(() => undefined));

function millisecondsOf(env: NodeJS.ProcessEnv, name: string): number {
  const given = env[name] || "10";
  if (Number(given) > 0) return Number(given) * 1000;
  throw new TextgraftError("option-invalid", {
    message: `${name} is "${given}"; it must be a number of seconds.`,
    fix: `For example ${name}=10, or leave it out.`,
  });
}
