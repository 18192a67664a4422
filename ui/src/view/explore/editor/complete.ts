/** Completion of PromQL: the grammar's own strategy, with our functions' documentation in the person's language. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { type CompleteStrategy, newCompleteStrategy } from "@prometheus-io/codemirror-promql";
import { api } from "../../../api/client.ts";
import type { FunctionDoc } from "../../../api/types.ts";
import { words } from "../../../i18n/index.ts";
import { client } from "./client.ts";

/** Beyond this many suggestions nobody reads on; CodeMirror also slows down. */
const MOST_OPTIONS = 2000;

let docs: Promise<Map<string, FunctionDoc>> | null = null;

function functionDocs(): Promise<Map<string, FunctionDoc>> {
  docs ??= api.get<FunctionDoc[]>("functions").then(
    (all) => new Map(all.map((f) => [f.name, f])),
    () => {
      docs = null;
      return new Map();
    },
  );
  return docs;
}

function explained(option: Completion, known: Map<string, FunctionDoc>): Completion {
  const doc = known.get(option.label);
  return doc ? { ...option, detail: `(${doc.args.join(", ")})`, info: words(doc.doc) } : option;
}

export function strategy(): CompleteStrategy {
  const inner = newCompleteStrategy({ remote: client });
  return {
    async promQL(context: CompletionContext): Promise<CompletionResult | null> {
      const [result, known] = await Promise.all([inner.promQL(context), functionDocs()]);
      if (!result) return null;
      return { ...result, options: result.options.slice(0, MOST_OPTIONS).map((o) => explained(o, known)) };
    },
  };
}
