/** Unit tests speak English and live in UTC unless a test says otherwise. */
import { locale } from "./i18n/locale.svelte.ts";

locale.set("en");
locale.timezone = "UTC";
