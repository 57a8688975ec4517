import PostalMime from "postal-mime";
import { htmlToText } from "./html-to-text.js";

/** Subject and body of a raw e-mail as plain text; the other headers and the attachments are left out. */
export async function readEmail(raw: string): Promise<string> {
  const { subject = "", text = "", html = "" } = await PostalMime.parse(raw);
  const body = text.trim() === "" ? htmlToText(html) : text;
  return `${subject}\n${body}`
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n[ \n]*/g, "\n")
    .trim();
}
