import { expect, test } from "vitest";
import { htmlToText } from "../../demo/html-to-text.js";
import { readEmail } from "../../demo/read-email.js";

test.each<[string, string, string]>([
  ["tags that split words vanish", "V<b></b>ia<!-- x -->gra &amp; more", "Viagra & more"],
  ["styles and scripts go", "<style>p {}</style>one<script>if (a < b) {}</script> two", "one two"],
  ["what begins a line breaks it", "one<br>two<p class='x'>three", "one\ntwo\nthree"],
  ["cells are apart", "<td>1</td><td>2</td>", " 1  2 "],
  ["entities by number and name", "&#163;&#xA3;&pound;&nbsp;&unknown;&#0;", "£££ &unknown; "],
  ["a smaller-than is no tag", "1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
  ["a comment without end", "one<!-- two", "one"],
])("%s", (_name, html, text) => {
  expect(htmlToText(html)).toBe(text);
});

test("many tags that never close take no quadratic time", () => {
  expect(htmlToText("<a ".repeat(100_000)).length).toBeGreaterThan(0);
});

test("an e-mail is its subject and its plain text, decoded", async () => {
  const raw = [
    "From: someone@example.org",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "Content-Type: multipart/alternative; boundary=b",
    "",
    "--b",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Bis  m=C3=B6rgen =",
    "dann",
    "",
    "",
    "Tsch=C3=BC=C3=9F",
    "--b",
    "Content-Type: text/html",
    "",
    "<p>not this</p>",
    "--b--",
  ].join("\r\n");
  expect(await readEmail(raw)).toBe("Grüße\nBis mörgen dann\nTschüß");
});

test("an e-mail in HTML alone is its words", async () => {
  const raw = "Subject: Hi\nContent-Type: text/html\n\n<html><title>no</title><p>Buy <b>now</b></html>";
  expect(await readEmail(raw)).toBe("Hi\nBuy now");
});
