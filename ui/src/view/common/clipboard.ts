/** The clipboard, also where the browser has none: over plain http on a LAN `navigator.clipboard` does not exist. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  const host = document.querySelector("dialog[open]") ?? document.body; // outside an open dialog nothing can be focused
  host.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
