/** Which of the frame's floating parts is open; one at a time. */
class Frame {
  open = $state<"" | "omnibox" | "help" | "time">("");

  show(what: "omnibox" | "help" | "time"): void {
    this.open = what;
  }

  close(): void {
    this.open = "";
  }
}

export const frame = new Frame();
