/** The clauses of the first sentence in words, each with the place that proves it. */
import type { Clause, Lead } from "../model/sentence.ts";
import * as format from "./format.ts";
import { m } from "./paraglide/messages.js";

export function leadInWords(lead: Lead): string {
  switch (lead.kind) {
    case "nothing_yet":
      return m.lead_nothing_yet();
    case "calm":
      return m.lead_calm();
    case "all_now":
      return m.lead_all_now({ n: lead.n });
    case "some_now":
      return m.lead_some_now({ n: lead.n, now: lead.now });
    case "none_now":
      return m.lead_none_now({ n: lead.n });
  }
}

export interface SaidClause {
  text: string;
  /** Path of the evidence; a name with # is a section of the same page. */
  to: string | null;
}

export function clauseInWords(clause: Clause): SaidClause {
  switch (clause.kind) {
    case "rest_calm":
      return { text: m.clause_rest_calm(), to: null };
    case "notes":
      return { text: m.clause_notes({ n: clause.n }), to: null };
    case "hosts":
      return { text: m.clause_hosts({ n: clause.n }), to: "/hosts" };
    case "silent":
      return { text: m.clause_silent({ n: clause.n }), to: "/hosts" };
    case "samples":
      return { text: m.clause_samples({ rate: format.count(clause.per_s) }), to: "/status" };
    case "fills":
      return { text: m.clause_fills({ span: format.duration(clause.in_s) }), to: "/status" };
  }
}
