/** What every form that changes something needs: one change at a time, and the server's words when it says no. */
import { ApiError } from "../../api/client.ts";

export class Change {
  busy = $state(false);
  failure = $state.raw<{ why: string; hint: string } | null>(null);

  /** Runs `act`; true when it worked. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.failure =
        error instanceof ApiError ? { why: error.message, hint: error.hint } : { why: String(error), hint: "" };
      return false;
    } finally {
      this.busy = false;
    }
  }
}
