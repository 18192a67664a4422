/** What a view knows of something that it asked for. Empty is a ready answer with words, not a fourth state. */
export type Loadable<T> =
  | { state: "loading" }
  | { state: "failed"; why: string; hint: string; retry: () => void }
  | { state: "ready"; value: T };
