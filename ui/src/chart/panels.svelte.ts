/**
 * All the questions of a page in one request, asked again with every beat and every change of range.
 *
 * Browsers open six connections per host; a page of forty graphs that asked one by one would queue behind itself.
 */
import { api } from "../api/client.ts";
import type { PanelQuery, PanelResult, PanelsRequest } from "../api/types.ts";
import { aligned } from "../model/query.ts";
import { type Resource, resource } from "../state/resource.svelte.ts";
import { time } from "../state/time.svelte.ts";

/** The server takes this many questions in one request; a larger page sends several. */
const MOST_QUERIES = 100;

export interface Answers {
  readonly results: ReadonlyMap<string, PanelResult>;
  readonly range: { readonly from: number; readonly to: number };
  readonly stepS: number;
}

export interface Question {
  readonly queries: readonly PanelQuery[];
  readonly stepS: number;
  readonly range: { readonly from: number; readonly to: number };
}

export async function ask({ queries, stepS, range }: Question, signal?: AbortSignal): Promise<Answers> {
  const window = aligned(range.from, range.to, stepS);
  const groups: PanelQuery[][] = [];
  for (let i = 0; i < queries.length; i += MOST_QUERIES) groups.push(queries.slice(i, i + MOST_QUERIES));
  const answers = await Promise.all(
    groups.map((group) =>
      api.post<{ results: PanelResult[] }>("panels", { ...window, queries: group } satisfies PanelsRequest, signal),
    ),
  );
  return { results: new Map(answers.flatMap((a) => a.results).map((r) => [r.id, r])), range, stepS };
}

/** The answers to what `question` says now; null while there is nothing to ask. Follows the page's time. */
export function panels(question: () => Omit<Question, "range"> | null): Resource<Answers | null> {
  return resource(
    (signal) => {
      const asked = question();
      return asked && asked.queries.length > 0 ? ask({ ...asked, range: time.range }, signal) : Promise.resolve(null);
    },
    () => [question(), time.range],
  );
}
