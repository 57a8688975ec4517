import { VERSION } from "../../run/version.js";
import { count, grouped } from "../plain.js";
import { answerSentence, scores } from "./answer.js";
import type { Explanations } from "./explained-mistakes.js";
import { judgementSections } from "./judgement-sections.js";
import { foreign, html } from "./markup.js";
import { page } from "./page.js";
import type { Judgement } from "./ranking.js";

/** The judgement on labelled texts that had no part in a training, as one page of HTML. */
export function evaluationPage(
  judgement: Judgement,
  { folder, source }: { folder: string; source: string },
  explanations: Explanations = new Map(),
): string {
  const name = folder
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;
  return page({
    title: `${name} on ${source}: report of a Textgraft model`,
    subject: html`${foreign(name)} on ${count(judgement.judged.length, "text")} of ${foreign(source)}`,
    answer: html`${answerSentence(judgement)}
${scores(judgement)}`,
    sections: judgementSections(judgement, { explanations }),
    footer: html`<p>Written by Textgraft ${VERSION}. It shows texts of ${source}, ${grouped(judgement.judged.length)} in all: share it with those who may read them.</p>`,
  });
}
