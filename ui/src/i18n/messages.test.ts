/** Both languages say everything, with the same values in it, in words that hold for every value. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Said = string | { match: Record<string, string> }[];
const FILES = ["shell", "data", "logs", "errors"];
const read = (file: string, lang: string): Record<string, Said> =>
  JSON.parse(readFileSync(`messages/${file}.${lang}.json`, "utf8"));
const sentences = (said: Said): string[] =>
  typeof said === "string" ? [said] : said.flatMap((one) => Object.values(one.match));
const values = (said: Said): string[] =>
  [...new Set(sentences(said).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();

describe.each(FILES)("messages of %s", (file) => {
  const [ko, en] = [read(file, "ko"), read(file, "en")];

  test("are there in both languages, in one order", () => {
    expect(Object.keys(en)).toEqual(Object.keys(ko));
  });

  test("speak of the same values", () => {
    for (const key of Object.keys(ko)) expect([key, values(en[key]!)]).toEqual([key, values(ko[key]!)]);
  });

  test("say something", () => {
    for (const lang of [ko, en])
      for (const [key, said] of Object.entries(lang))
        for (const text of sentences(said)) expect([key, text.trim()]).not.toEqual([key, ""]);
  });

  test("put no josa behind a value, whose last sound nobody knows", () => {
    const josa = /\}(?:을|를|이|가|은|는|과|와|으로|로|이나|나|이라|라|아|야)(?![가-힣])/;
    for (const [key, said] of Object.entries(ko))
      for (const text of sentences(said)) expect([key, josa.test(text) ? text : "fine"]).toEqual([key, "fine"]);
  });
});

test("the files share no key", () => {
  const keys = FILES.flatMap((file) => Object.keys(read(file, "ko")));
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});
