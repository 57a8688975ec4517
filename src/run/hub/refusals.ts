import { closest, type ErrorDetails, TextgraftError } from "../../base/errors.js";
import { type Answer, type HubAccess, send } from "./request.js";

/** What the Hub said no to. */
export type Refused = "repository" | "revision" | "file" | "access";

/** The Hub is there, but doesn't give what was asked for. */
export class HubRefusal extends TextgraftError {
  readonly refused: Refused;

  constructor(refused: Refused, details: ErrorDetails) {
    super("hub-refused", details);
    this.refused = refused;
  }
}

/** What was asked for. */
export interface Wanted {
  readonly repo: string;
  readonly revision: string;
  readonly file?: string;
  /** Of a further question, for a hint. */
  readonly timeout: number;
}

/**
 * The error for an answer of 400 to 499. The Hub says more in the headers X-Error-Code and X-Error-Message; to those without
 * a token it answers 401 both for what is private and for what isn't there.
 */
export async function refusal(access: HubAccess, answer: Answer, wanted: Wanted): Promise<HubRefusal> {
  answer.drop();
  const { status, headers } = answer;
  const { repo, revision, file } = wanted;
  const { endpoint, token } = access.settings;
  const page = `${endpoint}/${repo}`;
  const tokens = `${endpoint}/settings/tokens`;
  const code = headers.get("x-error-code");
  const said = headers.get("x-error-message")?.slice(0, 300) ?? "";
  if (code === "GatedRepo") {
    const gated = `${page} is gated: only people to whom its owner gives access can download it`;
    return new HubRefusal(
      "access",
      token === undefined
        ? {
            message: `${gated}, and no token was sent.`,
            fix: `Ask for access on that page, and set HF_TOKEN to a token from ${tokens}.`,
          }
        : {
            message: `${gated}, and the owner of your token isn't among them.`,
            fix: "Ask for access on that page.",
          },
    );
  }
  if (status === 401 && /invalid credentials/i.test(said)) {
    return new HubRefusal("access", {
      message: `${endpoint} doesn't accept your token: ${said}.`,
      fix: `Set HF_TOKEN to a valid one from ${tokens}; for public models leave it out.`,
    });
  }
  if (code === "RevisionNotFound") return unknownRevision(access, wanted);
  if (code === "EntryNotFound") {
    return new HubRefusal("file", {
      message: `${repo} has no file ${file} at ${revision}.`,
      fix: `See ${page}/tree/${revision} for what it has.`,
    });
  }
  if (code === "RepoNotFound" || status === 401 || status === 404) {
    const near = closest(repo, WELL_KNOWN);
    const hint = near === undefined || near === repo ? "Check its name." : `Did you mean ${near}?`;
    return new HubRefusal(
      "repository",
      token === undefined
        ? {
            message: `${endpoint} has no public model ${repo}.`,
            fix: `${hint} For a private model set HF_TOKEN to a token from ${tokens}.`,
          }
        : { message: `${endpoint} has no model ${repo}, or none that your token may see.`, fix: hint },
    );
  }
  return new HubRefusal("access", {
    message: `${endpoint} answers ${status} for ${repo}${said === "" ? "" : `: ${said.replace(/\.$/, "")}`}.`,
    fix: status === 403 ? "Your token needs the right to read this repository." : `See ${page}.`,
  });
}

async function unknownRevision(access: HubAccess, { repo, revision, timeout }: Wanted): Promise<HubRefusal> {
  const names = await revisionsOf(access, repo, timeout).catch(() => []);
  const near = closest(revision, names);
  const some = names.slice(0, 8).join(", ");
  const known = names.length === 0 ? "branches and tags" : `branches and tags, such as ${some}`;
  return new HubRefusal("revision", {
    message: `${repo} has no revision ${revision}.`,
    fix: near === undefined ? `--revision takes ${known}, and commits.` : `Did you mean --revision ${near}?`,
  });
}

async function revisionsOf(access: HubAccess, repo: string, timeout: number): Promise<string[]> {
  const answer = await send(access, `${access.settings.endpoint}/api/models/${repo}/refs`, { timeout });
  const { branches = [], tags = [] } = JSON.parse(await answer.text()) as Record<string, { name: string }[]>;
  return [...branches, ...tags].map(({ name }) => name);
}

/** For a pickle's refusal: the pull request in which the Hub's own converter offers safetensors; undefined where there is none. */
export async function convertedRevision(
  access: HubAccess,
  repo: string,
  timeout: number,
): Promise<string | undefined> {
  const answer = await send(access, `${access.settings.endpoint}/api/models/${repo}/discussions`, {
    timeout,
  });
  const { discussions } = JSON.parse(await answer.text()) as { discussions: Discussion[] };
  const found = discussions.find(
    ({ isPullRequest, status, author }) =>
      isPullRequest && status === "open" && author.name === "SFconvertbot",
  );
  return found && `refs/pr/${found.num}`;
}

interface Discussion {
  num: number;
  status: string;
  isPullRequest: boolean;
  author: { name: string };
}

/** Names that people mean when they mistype one. */
const WELL_KNOWN = [
  "bert-base-uncased",
  "bert-base-cased",
  "bert-large-uncased",
  "bert-base-multilingual-cased",
  "google-bert/bert-base-uncased",
  "google-bert/bert-base-cased",
  "distilbert-base-uncased",
  "distilbert/distilbert-base-uncased",
  "roberta-base",
  "roberta-large",
  "FacebookAI/roberta-base",
  "xlm-roberta-base",
  "FacebookAI/xlm-roberta-base",
  "camembert-base",
  "albert-base-v2",
  "google/electra-small-discriminator",
  "google/electra-base-discriminator",
  "microsoft/mpnet-base",
  "microsoft/deberta-v3-small",
  "microsoft/deberta-v3-base",
  "microsoft/MiniLM-L12-H384-uncased",
  "sentence-transformers/all-MiniLM-L6-v2",
  "answerdotai/ModernBERT-base",
  "prajjwal1/bert-tiny",
];
