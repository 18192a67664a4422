"""The dialogue as JavaScript. It sends to where it was loaded from, and builds its page of text nodes only."""

from __future__ import annotations

SCRIPT = r"""(function () {
  "use strict";
  var words = __WORDS__;
  var me = document.currentScript;
  var url = me ? me.src : "";
  function element(tag, style, text) {
    var made = document.createElement(tag);
    made.style.cssText = style;
    if (text) made.textContent = text;
    return made;
  }
  function field(form, tag, name, label, value) {
    var row = element("label", "display:block;margin:12px 0;font-size:14px", label);
    var input = element(tag, "display:block;width:100%;box-sizing:border-box;margin-top:4px;padding:8px;" +
      "border:1px solid #8a8f98;border-radius:4px;font:inherit;color:inherit;background:inherit");
    input.name = name;
    input.required = true;
    if (name === "email") input.type = "email";
    if (tag === "textarea") input.rows = 5;
    input.value = value || "";
    row.appendChild(input);
    form.appendChild(row);
    return input;
  }
  function button(text, strong) {
    return element("button", "padding:8px 16px;margin-right:8px;border-radius:4px;border:1px solid #3b5bdb;" +
      "cursor:pointer;" + (strong ? "background:#3b5bdb;color:#fff" : "background:transparent;color:inherit"), text);
  }
  var shade = element("div", "position:fixed;inset:0;z-index:2147483647;background:rgba(15,18,25,.6);overflow:auto");
  var box = element("div", "max-width:520px;margin:8vh auto;padding:24px;border-radius:8px;background:#fff;" +
    "color:#1a1c20;font:15px/1.5 system-ui,sans-serif");
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-modal", "true");
  box.setAttribute("aria-label", words.title);
  box.appendChild(element("h2", "margin:0 0 4px;font-size:20px", words.title));
  box.appendChild(element("p", "margin:0", words.subtitle + " " + words.subtitle2));
  var form = element("form", "margin:0");
  var first = field(form, "input", "name", words.labelName, words.name);
  field(form, "input", "email", words.labelEmail, words.email);
  field(form, "textarea", "comments", words.labelComments, "");
  var said = element("p", "color:#c92a2a;min-height:1.5em;margin:0 0 8px");
  said.setAttribute("role", "status");
  var send = button(words.labelSubmit, true);
  var close = button(words.labelClose, false);
  close.type = "button";
  form.appendChild(said);
  form.appendChild(send);
  form.appendChild(close);
  box.appendChild(form);
  shade.appendChild(box);
  function end() {
    document.removeEventListener("keydown", onKey);
    if (shade.parentNode) shade.parentNode.removeChild(shade);
    window.postMessage("__sentry_reportdialog_closed__", "*");
  }
  function onKey(event) {
    if (event.key === "Escape") end();
  }
  close.addEventListener("click", end);
  document.addEventListener("keydown", onKey);
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    send.disabled = true;
    said.textContent = "";
    var body = new URLSearchParams(new FormData(form)).toString();
    fetch(url, { method: "POST", body: body, headers: { "Content-Type": "application/x-www-form-urlencoded" } })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        box.removeChild(form);
        box.appendChild(element("p", "margin:16px 0", words.successMessage));
        box.appendChild(close);
        close.focus();
      })
      .catch(function () {
        send.disabled = false;
        said.textContent = words.errorGeneric;
      });
  });
  (document.body || document.documentElement).appendChild(shade);
  first.focus();
})();
"""
