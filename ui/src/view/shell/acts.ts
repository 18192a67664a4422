/** Things to do that are not places, offered by ⌘K. */
import { locale, m } from "../../i18n/index.ts";
import { session } from "../../state/session.svelte.ts";
import { theme } from "../../state/theme.svelte.ts";
import { time } from "../../state/time.svelte.ts";
import { copyText } from "../common/clipboard.ts";
import { frame } from "./frame.svelte.ts";

export interface Act {
  id: string;
  title: string;
  /** Other words by which people look for it, in both languages. */
  aliases: readonly string[];
  run: () => void;
}

export function acts(): Act[] {
  return [
    { id: "dark", title: m.act_dark(), aliases: ["dark", "theme", "테마", "어둡게"], run: () => theme.set("dark") },
    { id: "light", title: m.act_light(), aliases: ["light", "theme", "테마", "밝게"], run: () => theme.set("light") },
    {
      id: "language",
      title: m.act_language(),
      aliases: ["language", "korean", "english", "언어", "한국어", "영어"],
      run: () => locale.set(locale.current === "ko" ? "en" : "ko"),
    },
    {
      id: "pause",
      title: time.live ? m.act_pause() : m.act_resume(),
      aliases: ["pause", "live", "멈춤", "실시간"],
      run: () => time.pause(time.live),
    },
    {
      id: "link",
      title: m.act_link(),
      aliases: ["copy link", "share", "공유", "주소"],
      run: () => void copyFixedLink(),
    },
    {
      id: "help",
      title: m.act_help(),
      aliases: ["help", "keyboard", "shortcuts", "도움말", "단축키"],
      run: () => frame.show("help"),
    },
    ...(session.current?.user
      ? [{ id: "logout", title: m.log_out(), aliases: ["logout", "나가기"], run: () => void session.logout() }]
      : []),
  ];
}

/** The address with moments instead of "last hour": a colleague who opens it later sees the same thing. */
async function copyFixedLink(): Promise<void> {
  const url = new URL(location.href);
  url.searchParams.set("from", String(time.range.from));
  url.searchParams.set("to", String(time.range.to));
  await copyText(url.href);
}
