/** What can be done with a line; the page hands it down to every row. */
import type { Line } from "../../model/logs.ts";

export interface LineActs {
  /** Narrow the search to lines with this value of a field, or to those without. */
  readonly filter: (name: string, value: string, negated: boolean) => void;
  readonly column: (name: string) => void;
  readonly context: (line: Line) => void;
  /** Address that opens this line for somebody else. */
  readonly linkTo: (line: Line) => string;
}
