/** Who is looking, and what they may do. */
import { ApiError, api, useCsrf } from "../api/client.ts";
import type { Session } from "../api/types.ts";
import { locale } from "../i18n/locale.svelte.ts";

class SessionState {
  current = $state.raw<Session | null>(null);
  /** Set when the server could not even say who we are. */
  failure = $state.raw<ApiError | null>(null);

  readonly mayEdit: boolean = $derived(this.current?.role === "editor" || this.current?.role === "admin");
  readonly isAdmin: boolean = $derived(this.current?.role === "admin");
  /** The server wants a name and a password first. */
  readonly closed: boolean = $derived(this.current !== null && this.current.role === null);
  /** Where others send to: this server as they reach it. */
  readonly address: string = $derived.by(() => {
    const base = this.current?.server.base || new URL(document.baseURI).pathname;
    return new URL(base, location.origin).href.replace(/\/$/, "");
  });

  async load(): Promise<void> {
    try {
      this.take(await api.get<Session>("session"));
    } catch (error) {
      this.failure = error instanceof ApiError ? error : new ApiError(0, String(error));
    }
  }

  async login(name: string, password: string): Promise<void> {
    this.take(await api.post<Session>("login", { name, password }));
  }

  async logout(): Promise<void> {
    await api.post<void>("logout");
    await this.load();
  }

  async change(what: { lang?: string; timezone?: string; password?: { old: string; new: string } }): Promise<void> {
    this.take(await api.patch<Session>("session", what));
  }

  /** The session ran out while the page was open. */
  expire(): void {
    if (this.current && !this.current.open) this.current = { ...this.current, user: null, role: null };
  }

  private take(session: Session): void {
    this.current = session;
    this.failure = null;
    useCsrf(session.csrf);
    // The server's own language and zone are for what it sends to people; on screen a person without an account is
    // spoken to as their browser asks.
    locale.suggest(session.user?.lang, session.user?.timezone);
  }
}

export const session = new SessionState();
