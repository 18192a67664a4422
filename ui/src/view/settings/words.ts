/** Roles as people say them, and what each may do. */
import type { TokenRole } from "../../api/types.ts";
import { m } from "../../i18n/index.ts";

const TITLE: Record<TokenRole, () => string> = {
  viewer: m.role_viewer,
  editor: m.role_editor,
  admin: m.role_admin,
  push: m.role_push,
};
export const roleTitle = (role: TokenRole): string => TITLE[role]();

const NOTE: Record<TokenRole, () => string> = {
  viewer: m.role_viewer_note,
  editor: m.role_editor_note,
  admin: m.role_admin_note,
  push: m.role_push_note,
};
export const roleNote = (role: TokenRole): string => NOTE[role]();
