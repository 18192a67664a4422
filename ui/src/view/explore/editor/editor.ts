/**
 * The PromQL editor: CodeMirror in a shadow root.
 *
 * CodeMirror writes its rules at run time. In the page that takes a `<style>` element, which our CSP forbids; inside a
 * shadow root it uses constructed style sheets, which CSP allows. This module and all it imports are one lazy chunk.
 */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewline } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { strategy } from "./complete.ts";

export { selectorsOf, splitLabels, toggleSplit, withMatcher } from "../../../model/query_rewrite.ts";
export { labelNames, metricNames } from "./client.ts";

export interface Editor {
  set(text: string): void;
  /** Marks the place that the server complains of; null clears it. */
  complain(complaint: { at: number | null; text: string } | null): void;
  focus(): void;
  destroy(): void;
}

export interface Wishes {
  readonly text: string;
  readonly label: string;
  readonly hint: string;
  readonly change: (text: string) => void;
  readonly run: () => void;
}

const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--ink)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { padding: "3px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 2px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-placeholder": { color: "var(--ink-3)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "none" },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "4px",
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    boxShadow: "var(--shadow)",
    fontFamily: "var(--font)",
    fontSize: "12px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "260px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", lineHeight: "18px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--ink)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)", fontWeight: "600" },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal" },
  ".cm-tooltip.cm-completionInfo": { padding: "6px 8px", maxWidth: "320px", lineHeight: "18px", wordBreak: "keep-all" },
  ".cm-diagnostic": { padding: "4px 8px", borderLeft: "3px solid var(--critical)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--critical)",
    textDecorationSkipInk: "none",
    textUnderlineOffset: "3px",
  },
  ".cm-lintPoint-error::after": { borderBottomColor: "var(--critical)" },
});

// Of the series' hues those that can be read as text: 4.5:1 on the field in both themes.
const hues = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: "var(--series-6)" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.name), tags.standard(tags.variableName)],
    color: "var(--accent)",
  },
  { tag: tags.labelName, color: "var(--series-3)" },
  { tag: tags.string, color: "var(--series-7)" },
  { tag: tags.number, color: "var(--series-8)" },
  { tag: tags.comment, color: "var(--ink-3)" },
]);

export function createEditor(host: HTMLElement, wishes: Wishes): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open", delegatesFocus: true });
  root.replaceChildren();
  const promql = new PromQLExtension().setComplete({ completeStrategy: strategy() }).activateLinter(false);
  let quiet = false;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: wishes.text,
      extensions: [
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false, selectOnOpen: false }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": wishes.label,
          "aria-multiline": "true",
          autocapitalize: "off",
          spellcheck: "false",
        }),
        placeholder(wishes.hint),
        syntaxHighlighting(hues),
        look,
        promql.asExtension(),
        Prec.highest(
          keymap.of([
            // While a Korean syllable is being composed Enter belongs to the input method: CodeMirror runs no keys then.
            { key: "Enter", run: (v) => enter(v, wishes.run), shift: insertNewline },
            { key: "Mod-Enter", run: (v) => enter(v, wishes.run) },
            { key: "Tab", run: acceptFirst },
          ]),
        ),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) wishes.change(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    set(text) {
      if (view.state.doc.toString() === text) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    complain(complaint) {
      const length = view.state.doc.length;
      const marks =
        complaint === null || complaint.at === null
          ? []
          : [
              {
                from: Math.min(complaint.at, Math.max(0, length - 1)),
                to: Math.min(wordEnd(view.state.doc.toString(), complaint.at), length),
                severity: "error" as const,
                message: complaint.text,
              },
            ];
      view.dispatch(setDiagnostics(view.state, marks));
    },
    focus() {
      view.focus();
      if (view.state.doc.length === 0) startCompletion(view);
    },
    destroy() {
      promql.destroy();
      view.destroy();
    },
  };
}

function enter(view: EditorView, run: () => void): boolean {
  if (view.composing) return false;
  // A suggestion that was chosen with the arrows is accepted; one that merely popped up does not swallow Enter.
  if (completionStatus(view.state) === "active" && selectedCompletion(view.state)) return acceptCompletion(view);
  run();
  return true;
}

/** Tab takes the best suggestion without walking to it first; with no suggestions it moves the focus on, as anywhere. */
function acceptFirst(view: EditorView): boolean {
  if (completionStatus(view.state) !== "active") return false;
  if (!selectedCompletion(view.state)) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

/** The end of the word at a fault, so that the squiggle is wide enough to see. */
function wordEnd(text: string, at: number): number {
  const word = /^[\w:.]+/.exec(text.slice(at));
  return at + Math.max(1, word?.[0].length ?? 1);
}
