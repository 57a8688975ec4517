import { hasUnknown } from "../answered.js";
import { calibrationFigure } from "./calibration.js";
import { figures } from "./figure.js";
import { intervalsSection } from "./intervals-section.js";
import { confusionSection, labelsSection } from "./labels-section.js";
import { html } from "./markup.js";
import { type AboutMistakes, mistakesSection } from "./mistakes-section.js";
import type { Section } from "./page.js";
import { type Judgement, rankingFigures } from "./ranking.js";
import { unknownSection } from "./unknown-section.js";

/**
 * What a model is worth on some texts, whether it was just trained or not; `temperature` is what its logits are divided by,
 * where the probabilities without it are to be shown, too.
 */
export function judgementSections(
  judgement: Judgement,
  about: AboutMistakes & { temperature?: number },
): Section[] {
  return [
    {
      id: "mistakes",
      title: "Texts that it gets wrong",
      short: "Mistakes",
      content: mistakesSection(judgement, about),
    },
    ...(hasUnknown(judgement)
      ? [
          {
            id: "unknown",
            title: "What it leaves unknown",
            short: "Unknown",
            content: unknownSection(judgement),
          },
        ]
      : []),
    {
      id: "labels",
      title: "Label by label",
      short: "Labels",
      content: html`${labelsSection(judgement)}${confusionSection(judgement)}`,
    },
    {
      id: "intervals",
      title: "How sure these numbers are",
      short: "Intervals",
      content: intervalsSection(judgement),
    },
    {
      id: "probabilities",
      title: "What its probabilities are worth",
      short: "Probabilities",
      content: html`${figures([rankingFigures(judgement), calibrationFigure(judgement, about.temperature)])}`,
    },
  ];
}
