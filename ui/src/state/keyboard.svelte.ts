/** Listens to the keys of the one shortcut table; pages add their own rows while they are on screen. */
import { untrack } from "svelte";
import { press, type Shortcut, strokeName } from "../model/shortcuts.ts";

const PATIENCE_MS = 1200;

class Keyboard {
  table = $state.raw<readonly Shortcut[]>([]);
  /** The first stroke of a two-stroke shortcut, for the hint in the corner. */
  pending = $state("");
  #timer = 0;

  /** Adds rows; returns how to take them back. */
  add(rows: readonly Shortcut[]): () => void {
    this.table = [...this.table, ...rows];
    return () => {
      this.table = this.table.filter((row) => !rows.includes(row));
    };
  }

  listen(): () => void {
    const onKey = (event: KeyboardEvent): void => this.#onKey(event);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }

  #onKey(event: KeyboardEvent): void {
    // An open dialog is all there is until it closes.
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const stroke = strokeName(event);
    if (!stroke) return;
    const typing =
      event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable], .cm-editor");
    if (typing && !stroke.startsWith("mod+")) return;
    // Enter on a button or a link is that button's.
    if (stroke === "enter" && event.target instanceof Element && event.target.closest("button, a, summary")) return;
    const outcome = press(this.table, this.pending, stroke);
    clearTimeout(this.#timer);
    this.pending = "";
    if (!outcome) return;
    event.preventDefault();
    if ("run" in outcome) {
      outcome.run.run();
    } else {
      this.pending = outcome.waiting;
      this.#timer = window.setTimeout(() => (this.pending = ""), PATIENCE_MS);
    }
  }
}

export const keyboard = new Keyboard();

/** Rows that hold while the calling component is on screen. */
export function shortcuts(rows: readonly Shortcut[]): void {
  $effect(() => {
    const remove = untrack(() => keyboard.add(rows));
    return () => untrack(remove);
  });
}
