/** The door: the page that was asked for starts loading while the server says who is looking. */
import "./app.css";
import { mount } from "svelte";
import { whenUnauthorized } from "./api/client.ts";
import { session } from "./state/session.svelte.ts";
import App from "./view/shell/App.svelte";

whenUnauthorized(() => session.expire());
void session.load();
mount(App, { target: document.getElementById("app")! });
