/** Everything a view needs to speak: `m.key()` in the person's language, and the person's language itself.
 *
 * `m.*` reads `locale.current`, a rune, so a template that calls it is drawn again when the language changes.
 */

export * as format from "./format.ts";
export { LOCALES, type Locale, locale, type Words, words } from "./locale.svelte.ts";
export { m } from "./paraglide/messages.js";
