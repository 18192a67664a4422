/** The parts of the settings page, each with its address. */
import { m } from "../../i18n/index.ts";
import { session } from "../../state/session.svelte.ts";

export interface SettingsSection {
  id: "profile" | "push" | "users" | "tokens" | "projects" | "keyboard";
  title: () => string;
  /** Whether this person may see it. */
  shown: () => boolean;
}

const always = (): boolean => true;
const admin = (): boolean => session.isAdmin;

export const SECTIONS: readonly SettingsSection[] = [
  { id: "profile", title: m.settings_profile, shown: always },
  { id: "push", title: m.settings_push, shown: always },
  { id: "tokens", title: m.settings_tokens, shown: admin },
  { id: "users", title: m.settings_users, shown: admin },
  { id: "projects", title: m.settings_projects, shown: always },
  { id: "keyboard", title: m.help, shown: always },
];
