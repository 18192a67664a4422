// A page's script: an error that nobody catches.
import * as Sentry from "@sentry/browser";

Sentry.init({ ...window.SETUP, environment: "production" });
window.addEventListener("load", () => {
  document.querySelector("button").addEventListener("click", function pay() {
    throw new TypeError("cart is empty");
  });
});
