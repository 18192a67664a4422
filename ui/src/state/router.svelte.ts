/** Where the person is. The URL is the one state that is shared, bookmarked and sent to a colleague. */
import { address, below, join, match, type Query, withChanges } from "../model/path.ts";

const base = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");

class Router {
  #url = $state.raw(new URL(location.href));

  /** The path below the server's base, without a trailing slash: `/`, `/hosts/db-1`. */
  readonly path: string = $derived(below(base, this.#url.pathname));
  /** The parameters now; read them inside a template or `$derived` and they follow. Change them with `setQuery`. */
  readonly query: URLSearchParams = $derived(this.#url.searchParams);
  /** Path and parameters, as `link` writes them. */
  readonly here: string = $derived(this.#url.pathname + this.#url.search);

  constructor() {
    addEventListener("popstate", () => this.#follow());
  }

  /** Parameters of the path when it is the page `pattern`: `/hosts/:host`. */
  match(pattern: string): Record<string, string> | null {
    return match(pattern, this.path);
  }

  /** The address of a page with the person's range and scope carried along: for `href`. */
  link(path: string, query: Query = {}): string {
    return address(base, this.query, path, query);
  }

  /** Walk to a page; `path` is relative to the base, as in `link`. */
  navigate(path: string, query: Query = {}, options: { replace?: boolean } = {}): void {
    this.go(this.link(path, query), options);
  }

  /** Walk to an address that `link` wrote. */
  go(href: string, { replace = false }: { replace?: boolean } = {}): void {
    const target = new URL(href, location.href);
    if (target.href === location.href) return;
    const samePage = target.pathname === location.pathname;
    history[replace ? "replaceState" : "pushState"](null, "", target);
    this.#follow();
    if (!samePage) scrollTo(0, 0);
  }

  /** Change parameters of this page. A step that a person would undo with Back is pushed, typing is replaced. */
  setQuery(changes: Query, options: { replace?: boolean } = {}): void {
    this.go(join(base, this.path, withChanges(this.query, changes)), options);
  }

  /** Whether an address belongs to this app (so that a click on it needs no reload). */
  owns(url: URL): boolean {
    return url.origin === location.origin && url.pathname.startsWith(base);
  }

  #follow(): void {
    this.#url = new URL(location.href);
  }
}

export const router = new Router();
export const link = router.link.bind(router);
export const navigate = router.navigate.bind(router);

/** Turns plain clicks on the app's own links into walks; everything else stays the browser's. */
export function followLinks(isPage: (path: string) => boolean): void {
  addEventListener("click", (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const anchor = (event.target as Element | null)?.closest?.("a[href]");
    if (!(anchor instanceof HTMLAnchorElement) || anchor.target || anchor.hasAttribute("download")) return;
    const url = new URL(anchor.href);
    if (!router.owns(url) || !isPage(below(base, url.pathname))) return;
    event.preventDefault();
    router.go(url.href);
  });
}
